//! Agents as they come, and lists as they should not be.

use proptest::prelude::*;

use super::*;

fn check(class: Class, agents: &[&str]) {
    let list = Agents::builtin();
    for agent in agents {
        assert_eq!(list.class(agent.as_bytes()), class, "{agent:?}");
    }
}

#[test]
fn the_list_that_comes_with_the_program_can_be_read() {
    let list = Agents::parse(LIST).unwrap();
    let rules = [&list.beginnings, &list.words, &list.anywhere].map(Texts::len);
    assert!(rules.iter().sum::<usize>() > 1000, "{rules:?}");
}

#[test]
fn the_list_names_its_source_and_licence() {
    for words in [
        "crawler-user-agents 1.",
        "The MIT License (MIT)",
        "Copyright (c) 2017 Martin Monperrus",
        "refresh.py",
    ] {
        assert!(LIST.contains(words), "{words}");
    }
}

#[test]
fn browsers_are_person_like() {
    check(
        Class::Person,
        &[
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.2903.86",
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1.1 Safari/605.1.15",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1.1 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
            "Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18",
            "Lynx/2.8.9rel.1 libwww-FM/2.14 SSL-MM/1.4.1 GNUTLS/3.6.13",
        ],
    );
}

#[test]
fn names_that_only_look_like_those_of_crawlers_are_person_like() {
    check(
        Class::Person,
        &[
            // Crawlers are called Sonic, NING/, Silk/ and Notion/; and one has the build of a phone in its name.
            "Mozilla/5.0 (Linux; Android 8.1.0; Panasonic ELUGA Ray 810) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/74.0.3729.157 Mobile Safari/537.36",
            "Mozilla/5.0 (X11; Linux x86_64; rv:60.0) Gecko/20100101 Thunderbird/60.9.0 Lightning/6.2.9",
            "Mozilla/5.0 (Linux; Android 15; CPH2557 Build/AP3A.240617.008; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0.6723.107 Mobile Safari/537.36",
            "Mozilla/5.0 (Linux; Android 9; CUBOT X19 Build/PPR1.180610.011) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/100.0.4896.127 Mobile Safari/537.36",
            "Mozilla/5.0 (Linux; U; Android 4.4.3; de-de; KFTHWI Build/KTU84M) AppleWebKit/537.36 (KHTML, like Gecko) Silk/47.1.79 like Chrome/47.0.2526.80 Safari/537.36",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Notion/2.0.41 Chrome/118.0.5993.159 Electron/27.3.11 Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 14_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) SogouMobileBrowser/6.1.2 Mobile/15E148 Safari/604.1",
        ],
    );
}

#[test]
fn players_are_person_like_and_their_feed_readers_are_bots() {
    check(
        Class::Person,
        &[
            "AppleCoreMedia/1.0.0.21G93 (iPhone; U; CPU OS 17_6_1 like Mac OS X; en_us)",
            "VLC/3.0.18 LibVLC/3.0.18",
            "mpv 0.35.1",
            "AntennaPod/3.4.0",
            "Overcast/3.0 (+http://overcast.fm/; iOS podcast app)",
            "PodcastAddict/v5 (+https://podcastaddict.com/; Android podcast app)",
        ],
    );
    let feeds = "Overcast/1.0 Podcast Sync (123 subscribers; feed-id=456789; +http://overcast.fm/)";
    check(Class::Bot, &[feeds]);
}

#[test]
fn fetchers_and_package_managers_are_tools() {
    check(
        Class::Tool,
        &[
            "curl/8.5.0",
            "Wget/1.21.4",
            "wget",
            "Debian APT-HTTP/1.3 (2.6.1)",
            "pip/23.2.1 {\"ci\":null,\"cpu\":\"x86_64\"}",
            "npm/10.2.4 node/v20.11.0 linux x64 workspaces/false",
            "node",
            "cargo 1.75.0 (1d8b05cdd 2023-11-20)",
            "Homebrew/4.4.5 (Macintosh; arm64 Mac OS X 15.1) curl/8.7.1",
            "aria2/1.36.0",
            "Axel/2.17.11 (linux-gnu)",
            "okhttp/4.12.0",
            "Java/17.0.9",
            "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.3803",
            "git/2.39.2",
            "docker/24.0.7 go/go1.20.10 git-commit/311b9ff kernel/6.2.0 os/linux arch/amd64",
            "containers/5.29.0 (github.com/containers/image)",
            "ansible-httpget",
            "libwww-perl/6.72",
            "python-requests/2.31.0",
            "Go-http-client/2.0",
            "libdnf (Fedora Linux 39; workstation; Linux.x86_64)",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X) mirall/3.10.1stable (build 21243) (Nextcloud)",
        ],
    );
}

#[test]
fn crawlers_that_say_so_are_bots() {
    check(
        Class::Bot,
        &[
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
            "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.6099.28 Safari/537.36",
            "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
            "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
            "WhatsApp/2.23.20.0",
            "NodePing",
        ],
    );
}

#[test]
fn crawlers_that_no_list_knows_yet_are_bots() {
    check(
        Class::Bot,
        &[
            "Mozilla/5.0 (compatible; NeverSeenBot/0.1)",
            "Mozilla/5.0 (compatible; NewFetcher/1.0; +https://example.org/about)",
            "SomeCrawler",
        ],
    );
}

#[test]
fn health_checks_are_internal() {
    check(
        Class::Internal,
        &[
            "kube-probe/1.28",
            "ELB-HealthChecker/2.0",
            "GoogleHC/1.0",
            "Consul Health Check",
            "Mozilla/5.0 (compatible; Cloudflare-Healthchecks/1.0; +https://www.cloudflare.com/; healthcheck-id: A)",
        ],
    );
}

#[test]
fn nothing_and_nothing_known_is_unknown() {
    check(
        Class::Unknown,
        &[
            "",
            "-",
            " ",
            "x",
            "MyGame/1.0 CFNetwork/1410 Darwin/22.6.0",
            "xMozilla/5.0",
        ],
    );
    let list = Agents::builtin();
    assert_eq!(list.class(&[0, 255, 254, 128, 10, 13]), Class::Unknown);
    assert_eq!(list.class(&vec![b'x'; 100_000]), Class::Unknown);
    assert_eq!(
        list.class(b"\xff\xfe Googlebot/2.1 \x80"),
        Class::Bot,
        "among junk, too"
    );
}

#[test]
fn internal_wins_then_tools_then_bots() {
    let list = Agents::parse("person ^m\nbot b\ntool t\ninternal i").unwrap();
    let class = |agent: &str| list.class(agent.as_bytes());
    assert_eq!(class("m b t i"), Class::Internal);
    assert_eq!(class("m b t"), Class::Tool);
    assert_eq!(class("m b"), Class::Bot);
    assert_eq!(class("m"), Class::Person);
    assert_eq!(class("x m"), Class::Unknown);
}

#[test]
fn marks_say_where_a_text_counts() {
    let found = |line: &str, agent: &str| {
        let list = Agents::parse(line).unwrap();
        list.class(agent.as_bytes()) == Class::Bot
    };
    assert!(found("bot abc", "ABC") && found("bot abc", "x (abcd)") && !found("bot abc", "xabc"));
    assert!(found("bot abc", "xabc abc"), "the second one counts");
    assert!(found("bot ; abc", "x; abc"), "no word begins it");
    assert!(found("bot ^abc", "abcd") && !found("bot ^abc", "x abc"));
    assert!(found("bot *abc", "xabcd"));
    assert!(found("bot =abc", "Abc") && !found("bot =abc", "abcd") && !found("bot =abc", "x abc"));
}

#[test]
fn a_wrong_line_is_named() {
    let check = |list: &str, line: usize, words: &str| {
        let (number, problem) = Agents::parse(list).unwrap_err();
        assert_eq!(number, line, "{list:?}");
        assert!(problem.contains(words), "{problem}");
    };
    check("# one\n\nbto x", 3, "unknown class \"bto\"");
    check("bot x\nbot", 2, "no text after \"bot\"");
    check("bot ", 1, "no text");
    check("bot ^", 1, "no text");
    check("Bot x", 1, "unknown class");
}

#[test]
fn an_empty_list_knows_nobody() {
    let list = Agents::parse("# nothing\n\n").unwrap();
    assert_eq!(list.class(b"Googlebot/2.1"), Class::Unknown);
}

#[test]
fn a_worker_remembers_the_same_class_and_only_so_many() {
    let mut classes = Classes::new(Arc::new(Agents::builtin()));
    for round in 0..2 {
        assert_eq!(classes.class(b"curl/8.5.0"), Class::Tool, "{round}");
        assert_eq!(classes.class(b"Googlebot/2.1"), Class::Bot, "{round}");
    }
    assert_eq!(classes.known.len(), 2);
    for number in 0..5_000 {
        assert_eq!(
            classes.class(format!("curl/{number}").as_bytes()),
            Class::Tool
        );
        assert!(classes.known.len() <= MOST_KNOWN);
    }
    classes.known.clear();
    assert_eq!(
        classes.class(&[b"curl/".as_slice(), &[b'1'; 8_000]].concat()),
        Class::Tool
    );
    assert!(classes.known.is_empty(), "long ones are not kept");
}

/// The rule again, in plain words.
fn plain_class(agent: &[u8], list: &str) -> Class {
    let agent: Vec<u8> = agent.to_ascii_lowercase();
    let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let matches = |text: &str| {
        let bare = text
            .trim_start_matches(['^', '=', '*'])
            .to_ascii_lowercase()
            .into_bytes();
        (0..agent.len())
            .filter(|at| agent[*at..].starts_with(&bare))
            .any(|at| match text.as_bytes()[0] {
                b'^' => at == 0,
                b'=' => agent == bare,
                b'*' => true,
                _ => !is_word(agent.get(at)) || at == 0 || !is_word(agent.get(at - 1)),
            })
    };
    for (word, class) in WORDS {
        let lines = list.lines().filter_map(|line| line.split_once(' '));
        if lines
            .filter(|line| line.0 == word)
            .any(|line| matches(line.1))
        {
            return class;
        }
    }
    Class::Unknown
}

proptest! {
    #[test]
    fn any_agent_has_the_class_that_the_plain_rule_gives(
        words in prop::collection::vec(prop::sample::select(
            LIST.lines().filter_map(|line| line.split_once(' ')).map(|(_, text)| text).collect::<Vec<_>>()
        ), 0..4),
        between in "[ a-zA-Z0-9/;(]{0,3}",
        junk in prop::collection::vec(any::<u8>(), 0..4),
    ) {
        let mut agent = words.join(&between).replace(['^', '=', '*'], "").into_bytes();
        agent.extend(junk);
        prop_assert_eq!(Agents::builtin().class(&agent), plain_class(&agent, LIST));
    }
}
