//! Random runs with kills in between, against a plain recount of the same hits.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Place, Run, Served, aborted, complete, hit, served};
use crate::disk::memory::MemoryDisk;
use crate::facts::Span;
use crate::journal::Begun;

const LENGTH: u64 = 12;

#[derive(Clone, Debug)]
enum Step {
    /// A worker begins a hit of a file by a visitor, on a part of it or all.
    Begin(usize, usize, u64, Option<(u64, u64)>),
    /// The oldest hit on its way ends, with all or some of its bytes.
    End(Option<u64>),
    /// The clerk works.
    Cycle,
    /// kill -9, and a new start.
    Kill,
    /// An orderly end and a new start; hits on their way are broken off.
    Restart,
}

#[derive(Default)]
struct Model {
    files: BTreeMap<usize, Counted>,
    sent: BTreeMap<(usize, u64), BTreeSet<u64>>,
    downloads: BTreeSet<(usize, u64)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counted {
    hits: u64,
    complete: u64,
    aborted: u64,
    unsettled: u64,
    bytes: u64,
}

struct Flight {
    worker: usize,
    file: usize,
    visitor: u64,
    span: Option<(u64, u64)>,
    begun: Begun,
}

impl Model {
    fn sent(&mut self, flight: &Flight, content: u64) {
        let (start, length) = flight.span.unwrap_or((0, LENGTH));
        let covered = self.sent.entry((flight.file, flight.visitor)).or_default();
        covered.extend(start..start + content.min(length));
        if covered.len() as u64 == LENGTH {
            self.downloads.insert((flight.file, flight.visitor));
        }
        self.files.entry(flight.file).or_default().bytes += content;
    }
}

fn end(run: &Run, model: &mut Model, flight: &Flight, part: Option<u64>) {
    let asked = flight.span.map_or(LENGTH, |(_, length)| length);
    let counted = model.files.entry(flight.file).or_default();
    let settled = match part {
        Some(part) if part < asked => {
            counted.aborted += 1;
            aborted(part)
        }
        _ => {
            counted.complete += 1;
            complete(asked)
        }
    };
    run.settle(flight.worker, &flight.begun, settled);
    model.sent(flight, settled.content);
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let span = (0..LENGTH).prop_flat_map(|start| (Just(start), 1..=LENGTH - start));
    let begin = (0..2usize, 0..4usize, 1..4u64, proptest::option::of(span));
    let step = prop_oneof![
        8 => begin.prop_map(|(worker, file, visitor, span)| Step::Begin(worker, file, visitor, span)),
        7 => proptest::option::of(0..LENGTH).prop_map(Step::End),
        3 => Just(Step::Cycle),
        1 => Just(Step::Kill),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..250)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_ledger_equals_a_plain_recount(steps in steps()) {
        let place = Place::new();
        let mut disk = MemoryDisk::default();
        let mut run = Run::start(&disk, &place);
        let mut files: Vec<Served> = (0..4).map(|file| served(&format!("/{file}"), LENGTH)).collect();
        let mut model = Model::default();
        let mut flights: Vec<Flight> = Vec::new();
        for step in steps {
            match step {
                Step::Begin(worker, file, visitor, span) => {
                    let counted = model.files.entry(file).or_default();
                    counted.hits += 1;
                    let spans: Vec<Span> = span.iter().map(|&(start, length)| Span { start, length }).collect();
                    let hit = hit(counted.hits, &spans, visitor);
                    run.supply();
                    let begun = run.journals[worker].begin(&hit, &files[file].mark, &files[file].definition);
                    flights.push(Flight { worker, file, visitor, span, begun });
                }
                Step::End(part) => {
                    if !flights.is_empty() {
                        let flight = flights.remove(0);
                        end(&run, &mut model, &flight, part);
                    }
                }
                Step::Cycle => run.clerk.cycle().unwrap(),
                Step::Kill => {
                    for flight in flights.drain(..) {
                        model.files.entry(flight.file).or_default().unsettled += 1;
                    }
                    disk = disk.after_kill();
                    run = Run::start(&disk, &place);
                    files = (0..4).map(|file| served(&format!("/{file}"), LENGTH)).collect();
                }
                Step::Restart => {
                    for flight in flights.drain(..) {
                        end(&run, &mut model, &flight, Some(0));
                    }
                    run.stop();
                    run = Run::start(&disk, &place);
                    prop_assert_eq!(run.recovered.hits, 0, "an orderly end leaves nothing");
                    files = (0..4).map(|file| served(&format!("/{file}"), LENGTH)).collect();
                }
            }
        }
        for flight in flights.drain(..) {
            end(&run, &mut model, &flight, None);
        }
        run.stop();
        for (file, counted) in &model.files {
            let [hits, complete, aborted, unsettled, bytes, downloads] = place.file(&format!("/{file}"));
            prop_assert_eq!(Counted { hits, complete, aborted, unsettled, bytes }, *counted, "/{}", file);
            let expected = model.downloads.iter().filter(|(of, _)| of == file).count() as u64;
            prop_assert_eq!(downloads, expected, "downloads of /{}", file);
        }
        let all = model.files.values().map(|counted| counted.hits).sum::<u64>();
        for table in ["file_hours", "file_days", "site_hours", "site_days", "versions"] {
            let [hits] = place.row(&format!("SELECT sum(hits) FROM {table}"));
            prop_assert_eq!(hits, all, "{}", table);
        }
    }
}
