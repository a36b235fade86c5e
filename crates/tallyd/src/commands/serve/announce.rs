//! Says that the server is there: to a person on a terminal, or to whatever reads standard output.
//!
//! Promises: without a terminal, standard output gets one `Serving DIR at URL` for each address and nothing else; what
//! there is to say beside it goes to standard error.

use std::io::{self, IsTerminal, Write};

use tallyd_serve::config::{Config, LogFormat, LogTarget};
use tallyd_serve::listen::Address;
use tallyd_serve::say::Voice;
use tallyd_serve::server::Started;

use super::qr::Code;
use super::reach::{Reach, outward};
use super::welcome::{Log, Welcome};
use crate::commands::look::{self, Look};

/// Says where to point a browser.
pub(super) fn announce(started: &Started<'_>, voice: &Voice) {
    let is_terminal = io::stdout().is_terminal();
    let text = if is_terminal {
        // What was said until now stands above the page, not in it.
        hint(started.config, voice);
        voice.flush();
        page(started)
    } else {
        lines(started)
    };
    let mut out = io::stdout();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        voice.warn(format_args!(
            "cannot say the address on standard output: {error}"
        ));
    }
    if !is_terminal {
        notes(started, voice);
    }
}

fn urls(started: &Started<'_>) -> Vec<String> {
    started.addresses.iter().flat_map(Address::urls).collect()
}

/// For programs.
fn lines(started: &Started<'_>) -> String {
    let root = started.config.site.root.display();
    let line = |url| format!("Serving {root} at {url}\n");
    urls(started).into_iter().map(line).collect()
}

/// For people: the addresses, then the code if it is wanted, then room for the log.
fn page(started: &Started<'_>) -> String {
    let config = started.config;
    let look = Look::of_stdout();
    let reach = Reach::of(urls(started), outward());
    let root = std::path::absolute(&config.site.root);
    let welcome = Welcome {
        root: root.as_ref().unwrap_or(&config.site.root),
        reach: &reach,
        dashboard: started.dashboard.first().map(String::as_str),
        counts: started.counts,
        log: match (&config.access_log, config.log_format) {
            (LogTarget::Off, _) => Log::Off,
            (LogTarget::File(file), _) => Log::In(file),
            (LogTarget::Stdout, LogFormat::Tally) => Log::FollowsAsTally,
            (LogTarget::Stdout, _) => Log::Follows,
        },
    };
    let mut page = welcome.page(look);
    if config.qr {
        page.push('\n');
        page.push_str(
            &match code(&reach, look::room(&io::stdout()), look.styled) {
                Ok(code) => code,
                Err(why) => format!("No QR code: {why}.\n"),
            },
        );
    }
    page.push('\n');
    page
}

/// What standard output has no place for.
fn notes(started: &Started<'_>, voice: &Voice) {
    match started.counts {
        Some(directory) => voice.info(format_args!(
            "counts are kept in {}; tallyd stats shows them",
            directory.display()
        )),
        None => voice.info("counting in memory only: hit numbers begin at 1 with each start"),
    }
    if !started.dashboard.is_empty() {
        voice.info(format_args!(
            "dashboard at {}",
            started.dashboard.join(" and ")
        ));
    }
    hint(started.config, voice);
    if !started.config.qr {
        return;
    }
    // So that the code is not torn.
    voice.flush();
    let reach = Reach::of(urls(started), outward());
    let styled = Look::of(&io::stderr()).styled;
    match code(&reach, look::room(&io::stderr()), styled) {
        // A closed standard error: there is nowhere left to say so.
        Ok(code) => drop(io::stderr().write_all(code.as_bytes())),
        Err(why) => voice.warn(format_args!("no QR code: {why}")),
    }
}

/// The code for a telephone, and its address, or why there is none.
fn code(reach: &Reach, room: Option<usize>, styled: bool) -> Result<String, String> {
    let Some(url) = reach.for_others() else {
        return Err("only this machine reaches the server, no telephone does".to_owned());
    };
    let code = Code::of(url).ok_or("the address is too long for one")?;
    let wide = code.columns();
    match room {
        Some(room) if room < wide => Err(format!(
            "it takes {wide} columns, and this terminal has {room}"
        )),
        _ => Ok(format!("{}\n{url}\n", code.lines(styled).join("\n"))),
    }
}

/// Whoever shares a folder for the first time would wonder about a 404.
fn hint(config: &Config, voice: &Voice) {
    let site = &config.site;
    let has_index = site.index.iter().any(|name| site.root.join(name).exists());
    if !has_index && !site.listing && !site.spa && config.hosts.is_empty() {
        let names = site.index.join(" or ");
        voice.info(format_args!(
            "{} has no {names}, so / answers 404; show its files with --listing",
            site.root.display()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(others: &[&str]) -> Reach {
        Reach {
            here: vec!["http://127.0.0.1:8080/".to_owned()],
            others: others.iter().map(|url| (*url).to_owned()).collect(),
        }
    }

    #[test]
    fn a_code_that_does_not_fit_says_how_much_it_takes() {
        let reach = reach(&["http://10.0.0.20:8080/"]);
        let whole = code(&reach, Some(33), false).unwrap();
        assert!(whole.ends_with("█\nhttp://10.0.0.20:8080/\n"), "{whole}");
        assert_eq!(code(&reach, None, false), Ok(whole));
        let narrow = code(&reach, Some(32), false).unwrap_err();
        assert_eq!(narrow, "it takes 33 columns, and this terminal has 32");
    }

    #[test]
    fn there_is_no_code_of_an_address_that_no_telephone_reaches() {
        let why = code(&reach(&[]), None, false).unwrap_err();
        assert_eq!(
            why,
            "only this machine reaches the server, no telephone does"
        );
    }
}
