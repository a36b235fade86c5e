//! The options for the counts: how they are written, and how they work together.

use std::time::Duration;

use tallyd_ledger::window;

use super::{config, from_file, lines};
use crate::config::{AdminAt, Config, Listen, State};

/// What is said about a file with one mistake, without the place.
fn complaint(file: &str) -> String {
    let problems = from_file(file).expect_err(file);
    let lines = lines(&problems);
    lines.split_once(": ").expect(file).1.to_owned()
}

#[test]
fn the_defaults_keep_exact_counts_and_show_them_to_this_machine() {
    let config = Config::default();
    assert_eq!(config.state, State::Auto);
    assert_eq!(config.sync_interval, Duration::from_secs(1));
    assert_eq!(config.window, window::Kind::FirstTouch);
    assert_eq!((config.keep_hours, config.keep_days), (Some(90), None));
    assert_eq!((config.agents, config.admin), (None, Some(AdminAt::Auto)));
    assert_eq!(config.metrics_files, 20);
}

#[test]
fn the_state_is_a_directory_from_the_file_on() {
    assert_eq!(config("state = 'auto'").state, State::Auto);
    assert_eq!(config("state = 'counts'").state, State::At("counts".into()));
    assert_eq!(
        complaint("state = 'off'"),
        "counts can't be switched off: keep them in memory only with no-state"
    );
    assert_eq!(complaint("state = ''"), "a path is missing");
}

#[test]
fn no_state_wins_over_a_directory() {
    let config = config("no-state = true\nstate = '/var/lib/tallyd'");
    assert_eq!(config.state, State::None);
}

#[test]
fn a_sync_interval_may_be_nothing() {
    assert_eq!(config("sync-interval = 0").sync_interval, Duration::ZERO);
    assert!(complaint("sync-interval = '2h'").starts_with("2h is out of range"));
}

#[test]
fn retention_is_in_days_or_has_no_end() {
    for (text, days) in [
        ("30", Some(30)),
        ("'30'", Some(30)),
        ("'1d'", Some(1)),
        ("'36525d'", Some(36_525)),
        ("'forever'", None),
    ] {
        let config = config(&format!("keep-hours = {text}\nkeep-days = {text}"));
        assert_eq!((config.keep_hours, config.keep_days), (days, days));
    }
    for text in ["0", "0d", "36526d", "d", "", "90h", "-1", "ever"] {
        assert_eq!(
            complaint(&format!("keep-days = '{text}'")),
            format!("{text:?} is not a number of days: write 1d to 36525d, or forever")
        );
    }
}

#[test]
fn where_others_reach_the_dashboard_it_needs_a_token() {
    let tcp = |text: &str| Some(Listen::Tcp(text.parse().unwrap()));
    let token = "admin-token = 'kJ7v2rQ9tLx4Wm8ZpB3s'";
    for (text, address) in [
        ("off", None),
        ("9090", tcp("127.0.0.1:9090")),
        ("0", tcp("127.0.0.1:0")),
        ("localhost:0", tcp("127.0.0.1:0")),
        ("127.8.0.1:9090", tcp("127.8.0.1:9090")),
        ("[::1]:9090", tcp("[::1]:9090")),
        ("unix:/run/admin", Some(Listen::Unix("/run/admin".into()))),
    ] {
        for more in ["", token] {
            let admin = config(&format!("admin = '{text}'\n{more}")).admin;
            assert_eq!(admin, address.clone().map(AdminAt::At), "{text}");
        }
    }
    for (text, address) in [
        ("*:9090", "[::]:9090"),
        (":9090", "[::]:9090"),
        ("0.0.0.0:9090", "0.0.0.0:9090"),
        ("[::]:9090", "[::]:9090"),
        ("192.0.2.1:9090", "192.0.2.1:9090"),
    ] {
        let expected = format!(
            "{address} can be reached from elsewhere, so the dashboard needs a token there: set admin-token (in the \
             file, or as TALLYD_ADMIN_TOKEN), or use an address of this machine only, such as 127.0.0.1:9090"
        );
        assert_eq!(complaint(&format!("admin = '{text}'")), expected);
        let with_token = config(&format!("admin = '{text}'\n{token}"));
        assert_eq!(with_token.admin, tcp(address).map(AdminAt::At));
    }
    assert_eq!(
        complaint("admin = 'localhost'"),
        "\"localhost\" has no port: write ADDRESS:PORT"
    );
    assert!(complaint("admin = 'example.org:1'").contains("is not an address"));
}

#[test]
fn a_token_is_long_enough_and_never_shown() {
    assert_eq!(config("").admin_token, None);
    assert_eq!(config("admin-token = 'off'").admin_token, None);
    let config = config("admin-token = 'kJ7v2rQ9tLx4Wm8ZpB3s'");
    assert!(!format!("{config:?}").contains("kJ7v2"));
    let short = complaint("admin-token = 'secret'");
    assert!(short.starts_with("the token has 6 characters"), "{short}");
    assert!(!short.contains("secret"));
}

#[test]
fn the_admin_pages_have_an_address_of_their_own() {
    let expected = "files are served at this address: the dashboard needs one of its own";
    let same = "listen = ['127.0.0.1:9090']\nadmin = '127.0.0.1:9090'";
    assert_eq!(complaint(same), expected);
    let same = "listen = ['unix:/s']\nadmin = 'unix:/s'";
    assert_eq!(complaint(same), expected);
    let picked = config("listen = ['127.0.0.1:0']\nadmin = '127.0.0.1:0'");
    assert!(picked.admin.is_some());
}

#[test]
fn a_privileged_port_is_refused_for_the_admin_pages_too() {
    assert!(complaint("admin = '80'").starts_with("port 80 is under 1024"));
    let config = config("admin = '80'\nallow-privileged-port = true");
    assert!(config.admin.is_some());
}

#[test]
fn the_metrics_name_a_thousand_files_at_most() {
    assert_eq!(config("metrics-files = 0").metrics_files, 0);
    assert_eq!(config("metrics-files = 1000").metrics_files, 1000);
    assert!(complaint("metrics-files = 1001").contains("0 to 1000"));
}
