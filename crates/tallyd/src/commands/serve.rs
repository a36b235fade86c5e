//! `tallyd [DIR]`: serves until told to stop.
//!
//! The first lines on standard output are one `Serving DIR at URL` for each address, laid out for people where
//! it is a terminal; after that it belongs to the access log.

mod announce;
mod qr;
mod reach;
mod welcome;

use std::env;
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};

use listenfd::ListenFd;
use sd_notify::NotifyState;
use tallyd_serve::config::{self, Config, LogLevel};
use tallyd_serve::listen::Inherited;
use tallyd_serve::say::Voice;
use tallyd_serve::server::{Server, Started};

use crate::args::Typed;
use crate::signals::{self, Event};
use crate::{End, complain};

/// Serves what was asked for.
pub(crate) fn run(typed: &Typed) -> End {
    let config = match config::load(typed.sources(env::vars_os())) {
        Ok(config) => config,
        Err(problems) => {
            for problem in problems {
                complain(&format!("{problem}\n"));
            }
            return End::WrongUsage;
        }
    };
    let voice = Voice::new(config.log_level);
    let end = serve(typed, config, &voice);
    if let Err(message) = &end {
        voice.error(message);
    }
    voice.flush();
    if end.is_ok() { End::Done } else { End::Failed }
}

fn serve(typed: &Typed, config: Config, voice: &Voice) -> Result<(), String> {
    let (sender, events) = channel();
    // Before anything is announced: whoever sees the address may already send a signal.
    signals::listen(sender.clone())
        .map_err(|error| format!("cannot listen for signals: {error}"))?;
    let inherited = inherited()
        .map_err(|error| format!("cannot use an inherited socket (LISTEN_FDS): {error}"))?;
    let announce = |started: &Started<'_>| announce::announce(started, voice);
    let server = Server::start(config, inherited, voice.clone(), announce)
        .map_err(|error| error.to_string())?;
    tell_service_manager(voice, &[NotifyState::Ready]);
    attend(server, typed, &events, sender, voice)
}

/// Sockets that a service manager has opened for us.
fn inherited() -> io::Result<Vec<Inherited>> {
    let mut given = ListenFd::from_env();
    let mut sockets = Vec::new();
    for place in 0..given.len() {
        let socket = match given.take_unix_listener(place) {
            Ok(Some(unix)) => Inherited::Unix(unix),
            _ => match given.take_tcp_listener(place)? {
                Some(tcp) => Inherited::Tcp(tcp),
                None => continue,
            },
        };
        sockets.push(socket);
    }
    Ok(sockets)
}

/// Follows events until the server has ended.
fn attend(
    mut server: Server,
    typed: &Typed,
    events: &Receiver<Event>,
    sender: Sender<Event>,
    voice: &Voice,
) -> Result<(), String> {
    loop {
        match events.recv() {
            Ok(Event::Reload) => reload(&mut server, typed, voice),
            Ok(Event::Reopen) => server.reopen_logs(),
            Ok(Event::Upgrade) => {
                voice.warn("USR2: this version cannot replace itself while it runs; restart it");
            }
            Ok(Event::Ended) => {}
            Ok(Event::Stop) | Err(_) => return stop(server, events, sender, voice),
        }
    }
}

/// The old configuration stays in force unless the whole new one is right.
fn reload(server: &mut Server, typed: &Typed, voice: &Voice) {
    tell_reloading(voice);
    match config::load(typed.sources(env::vars_os())) {
        Ok(config) => match server.reload(config) {
            Ok(()) => voice.info("configuration reloaded"),
            Err(error) => voice.error(format_args!(
                "not reloaded, the old configuration stays: {error}"
            )),
        },
        Err(problems) => {
            for problem in problems {
                voice.error(format_args!("{problem}"));
            }
            voice.error("not reloaded, the old configuration stays");
        }
    }
    tell_service_manager(voice, &[NotifyState::Ready]);
}

fn stop(
    server: Server,
    events: &Receiver<Event>,
    sender: Sender<Event>,
    voice: &Voice,
) -> Result<(), String> {
    tell_service_manager(voice, &[NotifyState::Stopping]);
    let limit = server.config().drain_timeout;
    voice.info(format_args!(
        "stopping: running transfers may take {} s; a second signal ends them at once",
        limit.as_secs()
    ));
    // Nobody listens any more if the receiver is gone: then the process is ending anyway.
    let draining = server
        .drain(move || sender.send(Event::Ended).unwrap_or_default())
        .map_err(|error| format!("cannot stop in an orderly way: {error}"))?;
    loop {
        match events.recv() {
            Ok(Event::Ended) | Err(_) => break,
            Ok(Event::Stop) => {
                voice.warn("stopping at once");
                draining.force();
            }
            Ok(Event::Reload | Event::Reopen | Event::Upgrade) => {}
        }
    }
    draining.finish();
    voice.debug("stopped");
    Ok(())
}

/// systemd wants the time with it (Type=notify-reload, sd_notify(3)).
fn tell_reloading(voice: &Voice) {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell_service_manager(voice, &[NotifyState::Reloading, now]),
        Err(_) => tell_service_manager(voice, &[NotifyState::Reloading]),
    }
}

/// Tells systemd how things stand; without a service manager this does nothing.
fn tell_service_manager(voice: &Voice, states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states)
        && voice.says(LogLevel::Debug)
    {
        voice.debug(format_args!("cannot notify the service manager: {error}"));
    }
}
