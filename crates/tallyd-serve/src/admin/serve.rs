//! Serves the admin pages: one thread, one event loop, and limits on everything.
//!
//! Promises: at most [`MOST`] connections, of which the one that has waited longest without asking makes room for
//! a new one, and event streams, which are a crowd of their own; every wait has the limits of the configuration.

mod connection;
mod crowd;
mod stream;
mod wire;

use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tallyd_http::head::Head;
use tallyd_http::status::Status;
use tallyd_ledger::clerk::now;
use tallyd_ledger::facts::day_of;
use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::sync::watch;

use super::access::{self, Door, Verdict};
use super::answer::{self, Route, View, refusal, route, turned_away};
use super::api;
use super::events::{self, Streams};
use super::metrics::{self, Counting, Measured};
use super::page::Page;
use super::process::Process;
use super::top::Top;
use super::view::{self, Around, LATEST};
use super::wanted::Wanted;
use super::{AT_ONCE, Settings, Watched};
use crate::asker::Silence;
use crate::meter::Reading;
use crate::say::Voice;
use crowd::Crowd;
use wire::Wire;

/// Connections at the same time: those who collect metrics, some people, and room.
const MOST: usize = 64;

/// How long to wait when descriptors have run out.
const PAUSE: Duration = Duration::from_millis(100);

const UNAVAILABLE: Status = Status::SERVICE_UNAVAILABLE;

/// What all connections of the thread share.
struct Desk {
    watched: Arc<Watched>,
    settings: watch::Receiver<Settings>,
    top: Top,
    streams: Rc<Streams>,
}

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// What a request gets.
pub(super) enum Reply {
    /// A page.
    Page(Page),
    /// A page, after a pause.
    Slow(Page),
    /// What happens, as it happens.
    Events,
}

/// The event loop of the thread. A few more ask the ledger, if it is asked.
pub(super) fn build_runtime() -> io::Result<LocalRuntime> {
    Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(2 * AT_ONCE + 1)
        .thread_name("admin-ledger")
        .build_local(LocalOptions::default())
}

/// Serves until the other end of `settings` is dropped.
pub(super) fn run(
    socket: OwnedFd,
    is_unix: bool,
    watched: Arc<Watched>,
    settings: watch::Receiver<Settings>,
    voice: &Voice,
) -> io::Result<()> {
    let runtime = build_runtime()?;
    let served = runtime.block_on(accept(socket, is_unix, watched, settings, voice));
    // The ledger may hang: nobody waits for that.
    runtime.shutdown_background();
    served
}

async fn accept(
    socket: OwnedFd,
    is_unix: bool,
    watched: Arc<Watched>,
    settings: watch::Receiver<Settings>,
    voice: &Voice,
) -> io::Result<()> {
    let socket = Socket::of(socket, is_unix)?;
    let mut stop = settings.clone();
    let crowd = Rc::new(Crowd::new(MOST));
    let top = Top::new(Arc::clone(&watched.top));
    let (feed, health) = (Arc::clone(&watched.feed), Arc::clone(&watched.health));
    let streams = Rc::new(Streams::new(feed, health));
    let desk = Rc::new(Desk {
        watched,
        settings,
        top,
        streams,
    });
    drop(tokio::task::spawn_local(tell(Rc::clone(&desk))));
    loop {
        tokio::select! {
            biased;
            () = until_dropped(&mut stop) => return Ok(()),
            () = crowd.room() => {}
        }
        let accepted = tokio::select! {
            biased;
            () = until_dropped(&mut stop) => return Ok(()),
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok(wire) => {
                let (desk, place) = (Rc::clone(&desk), Crowd::enter(&crowd));
                drop(tokio::task::spawn_local(connection::serve(
                    wire, place, desk,
                )));
            }
            // Gone before it was accepted is no trouble; out of descriptors passes, or is said for the files.
            Err(error) => {
                voice.debug(format_args!("admin pages: cannot accept: {error}"));
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Tells all streams what is new.
async fn tell(desk: Rc<Desk>) {
    let asker = &desk.watched.pages;
    let today = || async { asker.ask(|report| events::today(report, now())).await.ok() };
    desk.streams.tell(today).await;
}

/// Waits until the server ends the pages; changed settings are read when they are needed.
async fn until_dropped(settings: &mut watch::Receiver<Settings>) {
    while settings.changed().await.is_ok() {}
}

impl Socket {
    fn of(socket: OwnedFd, is_unix: bool) -> io::Result<Socket> {
        if is_unix {
            return UnixListener::from_std(socket.into()).map(Socket::Unix);
        }
        TcpListener::from_std(socket.into()).map(Socket::Tcp)
    }

    async fn accept(&self) -> io::Result<Wire> {
        match self {
            Socket::Tcp(listener) => Ok(Wire::Tcp(listener.accept().await?.0)),
            Socket::Unix(listener) => Ok(Wire::Unix(listener.accept().await?.0)),
        }
    }
}

impl Desk {
    /// What is in force now.
    fn settings(&self) -> Settings {
        self.settings.borrow().clone()
    }

    /// What a request gets; `bytes` begin with its head.
    async fn reply(&self, head: &Head<'_>, bytes: &[u8], door: Door) -> Reply {
        let request = &head.request;
        let verdict = {
            let settings = self.settings.borrow();
            access::judge(request, bytes, door, settings.token.as_ref())
        };
        let is_api = request.path.starts_with(b"/api/");
        match (verdict, turned_away(verdict, is_api)) {
            (Verdict::Wrong, Some(page)) => return Reply::Slow(page),
            // Whoever looks whether the process lives need not know the token, and learns no more.
            (Verdict::Nameless, Some(page)) => {
                return Reply::Page(self.sign_of_life(request.path).unwrap_or(page));
            }
            (_, Some(page)) => return Reply::Page(page),
            (_, None) => {}
        }
        match route(request, day_of(now())) {
            Ok(Route::Events) => Reply::Events,
            Ok(route) => Reply::Page(self.page(route).await),
            Err(page) => Reply::Page(page),
        }
    }

    fn sign_of_life(&self, path: &[u8]) -> Option<Page> {
        match path {
            b"/healthz" => Some(answer::healthy()),
            b"/readyz" => {
                let trouble = self.watched.health.trouble().map(|_| "not ready");
                Some(answer::ready(self.watched.stage(), trouble))
            }
            _ => None,
        }
    }

    /// The page of a route, with what it shows as it is now.
    async fn page(&self, route: Route) -> Page {
        match route {
            Route::Healthy => answer::healthy(),
            Route::Ready => {
                let trouble = self.watched.health.trouble();
                answer::ready(self.watched.stage(), trouble.as_deref())
            }
            Route::Metrics(dialect) => {
                let most = self.settings().metrics_files;
                let files = self.top.files(most).await;
                metrics::page(&self.measure(&files), dialect)
            }
            Route::Asset(content_type, content) => Page::asset(content_type, content),
            Route::OpenApi => Page::json(Status::OK, api::DESCRIPTION.to_owned()),
            Route::Api(topic, wanted, extras) => {
                let answer = self
                    .watched
                    .programs
                    .ask(move |report| api::answer(report, topic, &wanted, extras, now()));
                answer.await.unwrap_or_else(|silence| {
                    let said = silence.to_string();
                    silent(&silence, refusal(true, UNAVAILABLE, Some(&said)))
                })
            }
            Route::View(view, wanted) => self.view(view, wanted).await,
            Route::Rules => view::show_rules(&self.around()),
            Route::Wrong(status, reason) => {
                view::show_wrong(status, reason.as_deref(), &self.around())
            }
            // It is no page: `reply` has seen to it.
            Route::Events => Page::of(Status::NOT_FOUND),
        }
    }

    async fn view(&self, view: View, wanted: Wanted) -> Page {
        let around = self.around();
        if !self.watched.pages.is_kept() {
            return view::show_nothing(&wanted, &around);
        }
        let asked = self
            .watched
            .pages
            .ask(move |report| view::page(report, view, &wanted, &around));
        asked.await.unwrap_or_else(|silence| {
            let said = silence.to_string();
            silent(
                &silence,
                view::show_wrong(UNAVAILABLE, Some(&said), &self.around()),
            )
        })
    }

    fn around(&self) -> Around {
        Around {
            trouble: self.watched.health.trouble(),
            now: now(),
            files_at: self.watched.files_at.get().cloned(),
            latest: self.watched.feed.latest(LATEST),
        }
    }

    fn measure<'a>(&self, files: &'a [super::TopFile]) -> Measured<'a> {
        let mut reading = Reading::default();
        for meter in &self.watched.meters {
            reading += meter.read();
        }
        Measured {
            reading,
            counting: Counting::of(&self.watched.health),
            started: self.watched.started,
            process: Process::look(),
            files,
        }
    }
}

/// What is said when the ledger says nothing, with whether trying again is of use.
fn silent(silence: &Silence, page: Page) -> Page {
    match silence {
        Silence::NotKept => page,
        Silence::Late(_) | Silence::Failed(_) => page.with("Retry-After", "5"),
    }
}
