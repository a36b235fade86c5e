//! The configurations that come with the program.

use std::path::PathBuf;

use crate::config::{Config, LogTarget, Sources, load};

fn example(name: &str) -> Config {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(name);
    let sources = Sources {
        file: Some(path),
        ..Sources::default()
    };
    load(sources).unwrap_or_else(|problems| panic!("{}", super::lines(&problems)))
}

/// So that none can be added without being checked.
#[test]
fn every_example_is_right() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let names = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let configurations: Vec<_> = names
        .filter(|name| name.to_string_lossy().ends_with(".toml"))
        .collect();
    assert!(configurations.len() >= 2, "{configurations:?}");
    for name in configurations {
        example(&name.to_string_lossy());
    }
}

#[test]
fn the_classic_example_serves_only_what_it_lists() {
    let config = example("classic.toml");
    assert!(config.site.post && config.site.types_only_listed);
    assert!(
        config
            .site
            .types
            .iter()
            .any(|(extension, _)| extension == "html")
    );
    assert_eq!(config.limits.keep_alive.as_secs(), 3);
}

#[test]
fn the_production_example_shows_hosts_and_a_log() {
    let config = example("production.toml");
    assert!(
        !config.hosts.is_empty()
            && !config.site.headers.is_empty()
            && !config.site.redirects.is_empty()
    );
    assert!(config.site.error_pages.is_some() && !config.site.cache_control.is_empty());
    assert!(matches!(config.access_log, LogTarget::File(_)));
}
