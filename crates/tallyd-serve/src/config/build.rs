//! From what was typed to the Config: defaults first, then every value by its definition, then what only
//! the values together can show.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use tallyd_http::head::HeadLimits;
use tallyd_ledger::window;

use super::listen::{self, Wanted};
use super::options::{self, Set};
use super::problem::{Outcome, Place, Problem};
use super::typed::{Layer, Options, Typed, TypedHost};
use super::{
    AdminAt, Config, HostConfig, Limits, Listen, LogFormat, LogLevel, LogTarget, SiteConfig, State,
    Symlinks, fields, text,
};

/// A Config under construction.
#[derive(Debug)]
pub(super) struct Draft {
    pub config: Config,
    /// What `port`, `listen` and `allow-privileged-port` say, until their addresses are made.
    pub wanted: Wanted,
    /// What `admin` says, until it is seen whether it goes with the rest.
    pub admin: Option<(AdminAt, Place)>,
    /// What `no-state` says: it wins over `state`.
    pub in_memory_only: bool,
}

/// The Config that was typed, or all that is wrong with it.
pub(super) fn build(layer: Layer) -> Outcome<Config> {
    let mut problems = Vec::new();
    let mut draft = blank();
    let defaults = defaults(&mut problems);
    set_server(&mut draft, &defaults.options, &mut problems);
    set_site(&mut draft.config.site, &defaults.options, &mut problems);
    set_server(&mut draft, &layer.options, &mut problems);
    set_site(&mut draft.config.site, &layer.options, &mut problems);
    problems.extend(target_over_head(&draft, &layer.options));
    draft.config.hosts = hosts(
        layer.hosts.unwrap_or_default(),
        &draft.config.site,
        &mut problems,
    );
    match listen::addresses(&draft.wanted) {
        Ok(addresses) => draft.config.listen = addresses,
        Err(more) => problems.extend(more),
    }
    problems.extend(useless_admin(&draft));
    draft.config.admin = draft.admin.map(|(at, _)| at);
    if draft.in_memory_only {
        draft.config.state = State::None;
    }
    if problems.is_empty() {
        Ok(draft.config)
    } else {
        Err(problems)
    }
}

/// The defaults of the table, as a layer below all others.
fn defaults(problems: &mut Vec<Problem>) -> Layer {
    let mut layer = Layer::default();
    for option in options::all() {
        let added = text::add(
            &mut layer,
            option,
            &[option.default.into()],
            &Place::Default,
        );
        problems.extend(added.err().unwrap_or_default());
    }
    layer
}

fn set_server(draft: &mut Draft, options: &Options, problems: &mut Vec<Problem>) {
    for (option, typed) in defined(options) {
        if let Set::Server(set) = option.set {
            problems.extend(set(draft, typed).err().unwrap_or_default());
        }
    }
}

fn set_site(site: &mut SiteConfig, options: &Options, problems: &mut Vec<Problem>) {
    for (option, typed) in defined(options) {
        if let Set::Site(set) = option.set {
            problems.extend(set(site, typed).err().unwrap_or_default());
        }
    }
}

fn defined(options: &Options) -> impl Iterator<Item = (&'static options::Definition, &Typed)> {
    options::all().filter_map(|option| Some((option, options.get(option.name)?)))
}

/// A target is part of its head, so a limit above the head's would never be met.
fn target_over_head(draft: &Draft, typed: &Options) -> Option<Problem> {
    let HeadLimits { head, target, .. } = draft.config.limits.head;
    let place = &typed.get("max-target").or(typed.get("max-head"))?.place;
    (target > head).then(|| {
        place.problem(format!(
            "max-target ({target} bytes) is larger than max-head ({head} bytes), of which it is a part"
        ))
    })
}

/// The admin pages need an address of their own, under the rule for ports that holds for the files; and a token
/// where others could reach them. For `auto`, one is found.
fn useless_admin(draft: &Draft) -> Option<Problem> {
    let (AdminAt::At(address), place) = draft.admin.as_ref()? else {
        return None;
    };
    match address {
        Listen::Tcp(tcp) if !tcp.ip().is_loopback() && draft.config.admin_token.is_none() => {
            Some(place.problem(format!(
                "{tcp} can be reached from elsewhere, so the dashboard needs a token there: set admin-token (in the \
                 file, or as TALLYD_ADMIN_TOKEN), or use an address of this machine only, such as 127.0.0.1:{}",
                tcp.port()
            )))
        }
        Listen::Tcp(tcp) if tcp.port() == 0 => None,
        address if draft.config.listen.contains(address) => Some(
            place
                .problem("files are served at this address: the dashboard needs one of its own"),
        ),
        Listen::Tcp(tcp) if tcp.port() < 1024 && !draft.wanted.allow_privileged => {
            Some(place.problem(format!(
                "port {} is under 1024, which is refused unless it is meant: \
                 add --allow-privileged-port, or use a port from 1024 on, such as 8081",
                tcp.port()
            )))
        }
        _ => None,
    }
}

fn hosts(typed: Vec<TypedHost>, main: &SiteConfig, problems: &mut Vec<Problem>) -> Vec<HostConfig> {
    let mut seen = HashSet::new();
    let mut hosts = Vec::new();
    for host in typed {
        let name = match fields::host_name(&host.name) {
            Ok(name) => name,
            Err(message) => {
                problems.push(host.place.problem(message));
                continue;
            }
        };
        if !seen.insert(name.clone()) {
            problems.push(host.place.problem(format!("host {name:?} is given twice")));
        }
        if !host.options.contains_key("root") {
            problems.push(host.place.problem(format!(
                "host {name:?} has no root: say which directory it serves"
            )));
        }
        let mut site = main.clone();
        set_site(&mut site, &host.options, problems);
        hosts.push(HostConfig { name, site });
    }
    hosts
}

/// Nothing said yet. The defaults of the table overwrite every field: a test compares.
fn blank() -> Draft {
    let site = SiteConfig {
        root: PathBuf::new(),
        index: Vec::new(),
        listing: false,
        listing_counts: false,
        spa: false,
        post: false,
        public_counts: false,
        symlinks: Symlinks::Inside,
        precompressed: Vec::new(),
        types: Vec::new(),
        types_only_listed: false,
        error_pages: None,
        headers: Vec::new(),
        cache_control: Vec::new(),
        redirects: Vec::new(),
    };
    let limits = Limits {
        head: HeadLimits {
            head: 0,
            fields: 0,
            target: 0,
        },
        head_timeout: Duration::ZERO,
        keep_alive: Duration::ZERO,
        send_timeout: Duration::ZERO,
        body: 0,
        connections: 0,
    };
    let config = Config {
        listen: Vec::new(),
        allow_privileged_port: false,
        workers: 0,
        backlog: 0,
        defer_accept: true,
        qr: true,
        limits,
        drain_timeout: Duration::ZERO,
        cache_memory: 0,
        access_log: LogTarget::Off,
        log_format: LogFormat::Tally,
        log_level: LogLevel::Error,
        state: State::None,
        sync_interval: Duration::ZERO,
        window: window::Kind::CalendarDay,
        keep_hours: None,
        keep_days: Some(0),
        agents: None,
        admin: None,
        admin_token: None,
        metrics_files: 0,
        site,
        hosts: Vec::new(),
    };
    let wanted = Wanted {
        port: (0, Place::Default),
        listen: Vec::new(),
        allow_privileged: false,
    };
    Draft {
        config,
        wanted,
        admin: None,
        in_memory_only: false,
    }
}
