//! Every option through the file, the environment and a flag, and who wins.

use super::{Typed, check, config, from_file, load};
use crate::config::options::{self, Definition, Kind};
use crate::config::{Config, Listen, LogFormat, Sources, defaults_toml};

#[test]
fn every_option_means_the_same_in_the_file_the_environment_and_as_a_flag() {
    for option in options::all() {
        let file = format!("{} = {}", option.name, option.in_toml(option.example));
        let in_file = from_file(&file).expect(option.name);
        let variable = option.variable();
        let in_environment = load(Typed {
            environment: &[(&variable, option.example)],
            ..Typed::default()
        });
        let as_flag = load(Typed {
            flags: &[(option.name, option.example)],
            ..Typed::default()
        });
        assert_eq!(in_environment.as_ref(), Ok(&in_file), "{}", option.name);
        assert_eq!(as_flag.as_ref(), Ok(&in_file), "{}", option.name);
        assert!(differs(option, &in_file), "{} changes nothing", option.name);
    }
}

/// The number of workers depends on the machine, which may have the example's number of cores.
fn differs(option: &Definition, config: &Config) -> bool {
    match option.name {
        "workers" => config.workers == 4,
        _ => *config != Config::default(),
    }
}

#[test]
fn a_flag_wins_over_the_environment_and_the_environment_over_the_file() {
    for option in options::all() {
        let default = format!("{} = {}", option.name, option.in_toml(option.default));
        let example = format!("{} = {}", option.name, option.in_toml(option.example));
        let variable = option.variable();
        let from_environment = load(Typed {
            file: &default,
            environment: &[(&variable, option.example)],
            ..Typed::default()
        });
        let from_flag = load(Typed {
            file: &example,
            environment: &[(&variable, option.example)],
            flags: &[(option.name, option.default)],
        });
        assert_eq!(from_environment, from_file(&example), "{}", option.name);
        assert_eq!(from_flag, Ok(Config::default()), "{}", option.name);
    }
}

#[test]
fn the_documented_defaults_are_the_defaults() {
    let text = defaults_toml();
    assert_eq!(config(&text), Config::default());
    for option in options::all() {
        let key = format!("\n{} = ", option.name);
        assert_eq!(text.matches(&key).count(), 1, "{}", option.name);
    }
    assert!(
        text.lines().all(|line| line.chars().count() <= 110),
        "{text}"
    );
}

#[test]
fn the_defaults_are_what_the_design_says() {
    let config = Config::default();
    assert_eq!(config.listen, [Listen::Tcp("[::]:8080".parse().unwrap())]);
    assert_eq!(config.site.root.to_str(), Some("www"));
    assert_eq!(config.site.index, ["index.html"]);
    assert_eq!(config.limits.head.head, 16 << 10);
    assert_eq!(config.limits.head.target, 8 << 10);
    assert_eq!(config.limits.head.fields, 100);
    assert_eq!(config.limits.body, 1 << 20);
    assert_eq!(config.limits.keep_alive.as_secs(), 3);
    assert_eq!(config.limits.head_timeout.as_secs(), 10);
    assert_eq!(config.limits.send_timeout.as_secs(), 30);
    assert_eq!(config.limits.connections, 10_000);
    assert_eq!(config.drain_timeout.as_secs(), 30);
    assert_eq!(config.cache_memory, 128 << 20);
    assert_eq!(config.backlog, 1024);
    assert!(!config.defer_accept);
    assert_eq!(config.log_format, LogFormat::Tally);
    assert!(config.workers > 0);
}

#[test]
fn the_table_is_well_formed() {
    let mut names: Vec<&str> = options::all().map(|option| option.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "a name stands twice");
    for option in options::all() {
        let Definition {
            name, help, long, ..
        } = option;
        assert!(
            name.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
            "{name}"
        );
        assert!(!help.ends_with('.') && help.len() < 80, "{name}: {help}");
        assert!(
            long.ends_with('.') && !long.contains("  "),
            "{name}: {long}"
        );
        if let Kind::Choice(words) = option.kind {
            assert!(
                words.iter().all(|word| help.contains(word)),
                "{name}: {help}"
            );
        }
    }
}

#[test]
fn every_word_of_a_choice_is_understood() {
    for option in options::all() {
        let Kind::Choice(words) = option.kind else {
            continue;
        };
        for word in words {
            let flags = [(option.name, *word)];
            check(
                Typed {
                    flags: &flags,
                    ..Typed::default()
                },
                "",
            );
        }
    }
}

#[test]
fn a_list_replaces_the_one_below_it() {
    let config = load(Typed {
        file: "index = [\"a\", \"b\"]\ntypes = { a = \"text/a\", b = \"text/b\" }",
        environment: &[("TALLYD_INDEX", "c , d,")],
        flags: &[("types", "c=text/c"), ("types", "d=text/d")],
    })
    .unwrap();
    assert_eq!(config.site.index, ["c", "d"]);
    let types = [("c".into(), "text/c".into()), ("d".into(), "text/d".into())];
    assert_eq!(config.site.types, types);
}

#[test]
fn off_empties_a_list() {
    let config = load(Typed {
        file: "precompressed = \"off\"\nindex = []",
        flags: &[("types", "off")],
        ..Typed::default()
    })
    .unwrap();
    assert!(config.site.precompressed.is_empty());
    assert!(config.site.index.is_empty());
    assert!(config.site.types.is_empty());
}

#[test]
fn a_variable_has_one_entry_of_a_map_on_each_line() {
    let value =
        "*.html=Content-Security-Policy: default-src 'self'; img-src *\n\n /a/**=X-A: 1, 2\n";
    let config = load(Typed {
        environment: &[("TALLYD_HEADERS", value)],
        ..Typed::default()
    })
    .unwrap();
    let headers: Vec<_> = config
        .site
        .headers
        .iter()
        .map(|rule| (&*rule.glob, &*rule.value))
        .collect();
    assert_eq!(
        headers,
        [
            ("*.html", "default-src 'self'; img-src *"),
            ("/a/**", "1, 2")
        ]
    );
}

#[test]
fn an_empty_variable_says_nothing() {
    let environment = [
        ("TALLYD_PORT", ""),
        ("TALLYD_ROOT", ""),
        ("TALLYD_CONFIG", ""),
    ];
    let config = load(Typed {
        environment: &environment,
        ..Typed::default()
    });
    assert_eq!(config, Ok(Config::default()));
}

/// A service called tallyd puts these into every container beside it.
#[test]
fn variables_of_service_links_are_passed_over() {
    let environment = [
        ("TALLYD_PORT", "tcp://10.0.0.1:80"),
        ("TALLYD_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("TALLYD_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("TALLYD_SERVICE_HOST", "10.0.0.1"),
        ("TALLYD_SERVICE_PORT", "80"),
        ("TALLYD_SERVICE_PORT_HTTP", "80"),
        ("TALLYD_ADMIN_SERVICE_HOST", "10.0.0.2"),
        ("TALLYD_ADMIN_PORT", "tcp://10.0.0.2:81"),
    ];
    let config = load(Typed {
        environment: &environment,
        ..Typed::default()
    });
    assert_eq!(config, Ok(Config::default()));
}

#[test]
fn a_host_takes_what_it_does_not_say_from_the_main_site() {
    let config = config(
        "listing = true\nindex = [\"a\"]\n[hosts]\n\"B.example.\" = \"b\"\n\
         [hosts.\"a.example\"]\nroot = \"/a\"\nindex = [\"b\"]\npost = true",
    );
    let [b, a] = config.hosts.as_slice() else {
        panic!("{:?}", config.hosts)
    };
    assert_eq!((&*b.name, b.site.root.to_str()), ("b.example", Some("b")));
    assert_eq!((&*a.name, a.site.root.to_str()), ("a.example", Some("/a")));
    assert!(a.site.listing && a.site.post && b.site.listing && !b.site.post);
    assert_eq!(
        (&a.site.index, &b.site.index),
        (&vec!["b".to_owned()], &vec!["a".to_owned()])
    );
}

#[test]
fn a_flag_for_the_main_site_reaches_its_hosts() {
    let config = load(Typed {
        file: "[hosts]\n\"a.example\" = \"/a\"",
        flags: &[("spa", "true")],
        ..Typed::default()
    });
    assert!(config.unwrap().hosts.iter().all(|host| host.site.spa));
}

#[test]
fn a_path_in_a_file_is_relative_to_that_file() {
    let mut problems = Vec::new();
    let text = b"root = \"site\"\nerror-pages = \"/errors\"\naccess-log = \"log\"\nlisten = [\"unix:sock\"]";
    let path = std::path::Path::new("/etc/tallyd/config.toml");
    let layer = crate::config::file::parse(path, text, &mut problems);
    let config = super::over_file(layer, problems, Sources::default()).unwrap();
    assert_eq!(config.site.root.to_str(), Some("/etc/tallyd/site"));
    assert_eq!(config.site.error_pages.unwrap().to_str(), Some("/errors"));
    assert_eq!(
        config.access_log,
        crate::config::LogTarget::File("/etc/tallyd/log".into())
    );
    assert_eq!(config.listen, [Listen::Unix("/etc/tallyd/sock".into())]);
}

#[test]
fn the_order_of_the_file_is_kept() {
    let config = config("[redirects]\n\"/z\" = \"/1\"\n\"/a\" = \"/2\"\n\"/m*\" = \"/3\"");
    let from: Vec<&str> = config
        .site
        .redirects
        .iter()
        .map(|redirect| &*redirect.from)
        .collect();
    assert_eq!(from, ["/z", "/a", "/m*"]);
}
