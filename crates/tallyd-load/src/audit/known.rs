//! What the client knows: each number of the counting rules, added up from what arrived.
//!
//! A reply of which a byte arrived was a hit for certain. If the server was killed, a reply may have been settled
//! before or not; then bytes and outcome are known only to lie between two values. Everything else is exact.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use super::agent::Class;
use super::cover::{Span, wholes};
use super::exchange::{Exchange, Kind};
use super::interval::Interval;
use super::log::{Lines, LogLine, last_numbers};
use super::plan::Sort;
use super::site::Site;

/// The numbers of a file, by the words of the counting rules and in their order.
pub const OF_FILE: [&str; 9] = [
    "hits",
    "complete",
    "aborted",
    "unsettled",
    "bytes",
    "downloads",
    "partials",
    "repeats",
    "probes",
];

/// Numbers by their words.
pub type Numbers = BTreeMap<String, Interval>;

/// What the client knows.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Of all files and of what is no file.
    pub site: Numbers,
    /// Of each file that was asked for, by its path.
    pub files: BTreeMap<String, Numbers>,
    /// The highest hit number that the log of the last life has, of each file with a hit in it: of these no later
    /// one is missing, so it is the number of hits.
    pub last_numbers: BTreeMap<String, u64>,
    /// What was wrong with replies: path, and what.
    pub wrong: Vec<(String, String)>,
    /// How many requests were made.
    pub requests: u64,
    /// Of these, how many were cut by a kill before a byte came.
    pub silent: u64,
    /// And how many had begun, and may have been settled or not.
    pub doubtful: u64,
}

/// What a visitor was sent of a file: all bytes that may have been counted, and whether they surely were.
type Sent = Vec<(Vec<Span>, bool)>;

impl Known {
    /// Adds up what came of all requests. The access log of each life helps where there is one.
    #[must_use]
    pub fn of(site: &Site, exchanges: &[Exchange], kills: usize, log: &[Vec<LogLine>]) -> Known {
        let lines = Lines::of(log);
        let mut adding = Adding {
            known: Known::default(),
            sent: HashMap::new(),
            site,
            kills,
        };
        // A port may be used again, by a later connection.
        let mut bases: HashMap<(usize, u16), (usize, usize)> = HashMap::new();
        let mut sorted: Vec<&Exchange> = exchanges.iter().collect();
        sorted.sort_by_key(|exchange| exchange.begun);
        let mut placed = Vec::new();
        let mut replies: HashMap<(usize, u16, usize), Vec<Instant>> = HashMap::new();
        for exchange in sorted {
            let (life, port, place) = (exchange.life, exchange.port, exchange.place);
            let (base, used) = bases.entry((life, port)).or_default();
            if place == 0 {
                *base = *used;
            }
            *used += 1;
            if exchange.answered {
                let same = replies.entry((life, port, *base)).or_default();
                same.push(exchange.begun);
            }
            placed.push((exchange, *base));
        }
        let mut unlogged: HashMap<usize, u64> = HashMap::new();
        for (exchange, base) in placed {
            let (life, port, place) = (exchange.life, exchange.port, exchange.place);
            let line = lines.line(life, port, base + place);
            // What was asked before this had ended, in a pipeline, shows nothing.
            let same = replies.get(&(life, port, base)).into_iter().flatten();
            let later = same.filter(|begun| **begun >= exchange.ended).count();
            let settled = Settled { line, later };
            adding.exchange(exchange, settled, !log.is_empty());
            let is_hit = matches!(exchange.kind(), Kind::Hit { .. });
            if let (Some(file), None, true) = (exchange.ask.file, line, is_hit) {
                *unlogged.entry(file).or_default() += 1;
            }
        }
        adding.coverage();
        let mut known = adding.known;
        let asked = |life, port| bases.get(&(life, port)).map_or(0, |(_, used)| *used);
        let wrong = lines.wrong.iter().cloned().chain(lines.beyond(asked));
        let wrong = wrong.map(|wrong| (String::new(), wrong));
        known.wrong.extend(wrong);
        known.last_numbers = log
            .last()
            .map_or_else(BTreeMap::new, |lines| last_numbers(lines));
        if !log.is_empty() {
            known.check_numbers(site, &lines, &unlogged);
        }
        known.with_all_words(site);
        known
    }

    /// Hit numbers are 1, 2, 3 and so on: none is missing but those whose lines a kill has cut.
    fn check_numbers(&mut self, site: &Site, lines: &Lines, unlogged: &HashMap<usize, u64>) {
        for (place, file) in site.files.iter().enumerate() {
            let hits = self.files.get(&file.path).and_then(|of| of.get("hits"));
            let hits = hits.copied().unwrap_or_default();
            let (missing, is_beyond) = lines.gaps(&file.path, hits.most);
            let excused = unlogged.get(&place).copied().unwrap_or_default();
            if is_beyond || missing > excused {
                let wrong = match is_beyond {
                    true => "a hit number is higher than the number of hits".to_owned(),
                    false => format!("{missing} hit numbers up to {} are missing", hits.most),
                };
                self.wrong.push((file.path.clone(), wrong));
            }
        }
    }

    /// A number that nothing was added to is known as well: it is 0.
    fn with_all_words(&mut self, site: &Site) {
        for numbers in self.files.values_mut() {
            for word in OF_FILE {
                numbers.entry(word.to_owned()).or_default();
            }
        }
        let classes = Class::ALL.map(Class::word);
        let of_class = |word: &str| classes.map(|class| format!("{class} {word}"));
        let words = OF_FILE.into_iter().map(str::to_owned);
        let by_class = OF_FILE.into_iter().flat_map(of_class);
        let others = ["requests", "not found", "bytes of all replies"].map(str::to_owned);
        for word in words.chain(by_class).chain(others) {
            self.site.entry(word).or_default();
        }
        debug_assert!(self.files.len() <= site.files.len());
    }
}

struct Adding<'a> {
    known: Known,
    /// By file and visitor.
    sent: HashMap<(usize, usize), Sent>,
    site: &'a Site,
    /// Lives that were ended by a kill.
    kills: usize,
}

/// What shows that a reply was settled.
#[derive(Clone, Copy)]
struct Settled<'a> {
    /// Its line in the access log.
    line: Option<&'a LogLine>,
    /// So many replies came on the same connection to what was asked after it had ended.
    later: usize,
}

impl Settled<'_> {
    /// One reply follows the other: what is no hit is written down before the next one begins; and a hit at the
    /// latest when the next one ends, since the request for that has confirmed it.
    fn is_shown(self, exchange: &Exchange) -> bool {
        let later = match exchange.kind() {
            Kind::Hit { .. } => 2,
            _ => 1,
        };
        self.line.is_some() || self.later >= later
    }
}

/// What is known of the end of a reply.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// It was counted, as it came.
    Settled,
    /// It may have been.
    Doubtful,
    /// The server died before it had ended.
    Cut,
}

impl Adding<'_> {
    fn exchange(&mut self, exchange: &Exchange, settled: Settled<'_>, has_log: bool) {
        self.known.requests += 1;
        let line = settled.line;
        let end = self.end(exchange, settled);
        if let Some(wrong) = &exchange.wrong {
            self.wrong(exchange, wrong.clone());
        }
        if let Some(line) = line.filter(|_| exchange.answered && end == End::Settled)
            && let Some(wrong) = line.disagrees(exchange)
        {
            self.wrong(exchange, wrong);
        } else if has_log && line.is_none() && exchange.life >= self.kills {
            self.wrong(exchange, "the log has no line of it".to_owned());
        }
        self.known.silent += u64::from(!exchange.answered);
        self.known.doubtful +=
            u64::from(exchange.answered && end != End::Settled && end != End::Cut);
        match exchange.kind() {
            Kind::Hit { is_probe } => self.hit(exchange, end, is_probe),
            kind => self.other(exchange, end, kind),
        }
    }

    fn end(&self, exchange: &Exchange, settled: Settled<'_>) -> End {
        if exchange.life >= self.kills || settled.is_shown(exchange) {
            return End::Settled;
        }
        match exchange.whole || exchange.hung_up {
            true => End::Doubtful,
            false => End::Cut,
        }
    }

    fn wrong(&mut self, exchange: &Exchange, wrong: String) {
        let range = exchange.ask.range.as_ref();
        let asked = range.map_or(String::new(), |range| format!(" ({range})"));
        let path = format!("{}{asked}", exchange.ask.target);
        self.known.wrong.push((path, wrong));
    }

    fn hit(&mut self, exchange: &Exchange, end: End, is_probe: bool) {
        let one = match exchange.answered {
            true => Interval::exactly(1),
            false => Interval::up_to(1),
        };
        let maybe = Interval::up_to(1);
        let arrived = exchange.arrived;
        let outcome = match exchange.whole {
            true => "complete",
            false => "aborted",
        };
        self.reply(exchange, one);
        self.add(exchange, "hits", one);
        if is_probe {
            self.add(exchange, "probes", one);
        }
        let bytes = match end {
            End::Settled => {
                self.add(exchange, outcome, one);
                Interval::exactly(arrived)
            }
            End::Doubtful => {
                self.add(exchange, outcome, maybe);
                self.add(exchange, "unsettled", maybe);
                Interval::up_to(arrived)
            }
            End::Cut => {
                self.add(exchange, "unsettled", one);
                Interval::NONE
            }
        };
        self.add(exchange, "bytes", bytes);
        self.all("bytes of all replies", bytes);
        if !is_probe && end != End::Cut {
            self.touch(exchange, end);
        }
    }

    fn touch(&mut self, exchange: &Exchange, end: End) {
        let Some(file) = exchange.ask.file else {
            return;
        };
        let spans = exchange.spans.clone();
        // A hit that sent no byte opens no window, but for an empty file.
        let is_empty = self
            .site
            .files
            .get(file)
            .is_some_and(|file| file.length == 0);
        if !spans.is_empty() || is_empty {
            let sent = self.sent.entry((file, exchange.visitor)).or_default();
            sent.push((spans, end == End::Settled));
        }
    }

    /// A reply that is no hit is written down when it has been sent.
    fn other(&mut self, exchange: &Exchange, end: End, kind: Kind) {
        let (one, bytes) = match end {
            End::Settled => (Interval::exactly(1), Interval::exactly(exchange.arrived)),
            _ => (
                Interval::up_to(1),
                Interval::up_to(exchange.announced.unwrap_or_default()),
            ),
        };
        self.reply(exchange, one);
        self.all("bytes of all replies", bytes);
        match kind {
            Kind::Probe => self.add(exchange, "probes", one),
            Kind::Missing => self.all("not found", one),
            // What a directory gives is not known before it has come.
            _ if exchange.status.is_none() => self.all("not found", Interval::up_to(1)),
            _ => {}
        }
    }

    fn reply(&mut self, exchange: &Exchange, one: Interval) {
        self.all("requests", one);
        match exchange.status {
            Some(status) => self.all(&format!("status {status}"), one),
            None => {
                for status in exchange.ask.sort.statuses() {
                    self.all(&format!("status {status}"), Interval::up_to(1));
                }
            }
        }
    }

    fn all(&mut self, word: &str, number: Interval) {
        *self.known.site.entry(word.to_owned()).or_default() += number;
    }

    /// Adds to a number of the file, of the class of who asked, and of all.
    fn add(&mut self, exchange: &Exchange, word: &str, number: Interval) {
        let file = exchange.ask.file.and_then(|file| self.site.files.get(file));
        if let Some(file) = file {
            self.add_to(&file.path, Class::of(exchange.visitor), word, number);
        }
    }

    fn add_to(&mut self, path: &str, class: Class, word: &str, number: Interval) {
        let numbers = self.known.files.entry(path.to_owned()).or_default();
        *numbers.entry(word.to_owned()).or_default() += number;
        self.all(word, number);
        self.all(&format!("{} {word}", class.word()), number);
    }

    /// Downloads and repeats, from what each visitor was sent. With more of it the whole is never reached less often.
    fn coverage(&mut self) {
        for ((file, visitor), sent) in std::mem::take(&mut self.sent) {
            let Some(file) = self.site.files.get(file) else {
                continue;
            };
            let sure = sent.iter().filter(|(_, is_sure)| *is_sure);
            let least = wholes(file.length, sure.map(|(spans, _)| spans.as_slice()));
            let most = wholes(file.length, sent.iter().map(|(spans, _)| spans.as_slice()));
            let downloads = Interval {
                least: least.min(1),
                most: most.min(1),
            };
            let repeats = Interval {
                least: least.saturating_sub(1),
                most: most.saturating_sub(1),
            };
            let class = Class::of(visitor);
            self.add_to(&file.path, class, "downloads", downloads);
            self.add_to(&file.path, class, "repeats", repeats);
        }
    }
}

impl Sort {
    /// The statuses that may come.
    fn statuses(&self) -> &'static [u16] {
        match self {
            Sort::Whole | Sort::Head => &[200],
            Sort::Part(_) => &[206],
            Sort::NotModified => &[304],
            Sort::Unsatisfiable => &[416],
            Sort::Missing => &[404],
            Sort::Directory => &[200, 301, 403, 404],
        }
    }
}
