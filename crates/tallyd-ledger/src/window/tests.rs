//! Windows, from the worked example of the counting rules to random histories against a plain model.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::facts::HOUR;

/// Monday, the 5th of January 1970, 00:00.
const MONDAY: i64 = 4 * DAY;
const MINUTE: i64 = HOUR / 60;
const KINDS: [Kind; 3] = [Kind::FirstTouch, Kind::LastTouch, Kind::CalendarDay];

/// A complete 200 for a file of 1000 bytes.
fn complete(time: i64) -> Touch<'static> {
    Touch {
        time,
        class: Class::Tool,
        representation: 0,
        whole: 1000,
        spans: &[],
        content: 1000,
    }
}

/// A range of a file of 1000 bytes, sent to its end.
fn range(time: i64, span: &[Span]) -> Touch<'_> {
    Touch {
        spans: span,
        content: span.iter().map(|span| span.length).sum(),
        ..complete(time)
    }
}

fn span(start: u64, length: u64) -> Span {
    Span { start, length }
}

/// What several touches add up to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    downloads: u64,
    repeats: u64,
    visitors: u64,
    partials: u64,
}

fn sum(kind: Kind, touches: &[Touch<'_>]) -> (Sum, Window) {
    let mut window = Window::open(&touches[0]);
    let mut sum = Sum::default();
    for touch in touches {
        let effect = window.touch(kind, touch);
        sum.downloads += effect.downloads;
        sum.repeats += effect.repeats;
        sum.visitors += effect.visitors;
        sum.partials += effect.closed.map_or(0, |closed| closed.partials);
        assert_eq!(Window::decode(&window.encode()).as_ref(), Some(&window));
    }
    sum.partials += window.close().partials;
    (sum, window)
}

/// Downloads, repeats and visitors, partials.
fn check(kind: Kind, touches: &[Touch<'_>], expected: [u64; 4]) {
    let (sum, _) = sum(kind, touches);
    let found = [sum.downloads, sum.repeats, sum.visitors, sum.partials];
    assert_eq!(
        found, expected,
        "downloads, repeats, visitors, partials of {kind:?}"
    );
}

#[test]
fn the_worked_example_gives_three_two_one() {
    let touches = [
        10 * HOUR,
        23 * HOUR,
        DAY + 9 * HOUR,
        2 * DAY + 8 * HOUR + 30 * MINUTE,
    ];
    let touches = touches.map(|after| complete(MONDAY + after));
    check(Kind::CalendarDay, &touches, [3, 1, 3, 0]);
    check(Kind::FirstTouch, &touches, [2, 2, 3, 0]);
    check(Kind::LastTouch, &touches, [1, 3, 3, 0]);
}

#[test]
fn a_window_is_over_24_hours_to_the_nanosecond_after_its_first_byte() {
    check(
        Kind::FirstTouch,
        &[complete(MONDAY), complete(MONDAY + DAY - 1)],
        [1, 1, 1, 0],
    );
    check(
        Kind::FirstTouch,
        &[complete(MONDAY), complete(MONDAY + DAY)],
        [2, 0, 2, 0],
    );
}

#[test]
fn twenty_parallel_ranges_in_any_order_are_one_download() {
    // 7 has no divisor in common with 20: it steps through all of them, in another order.
    for step in [1, 7, 19] {
        let spans: Vec<Span> = (0..20).map(|at| span(at * step % 20 * 50, 50)).collect();
        let touches: Vec<_> = spans
            .iter()
            .map(|span| range(MONDAY, std::slice::from_ref(span)))
            .collect();
        for kind in KINDS {
            check(kind, &touches, [1, 0, 1, 0]);
            check(kind, &touches[..19], [0, 0, 1, 1]);
        }
    }
}

#[test]
fn a_resume_the_next_hour_is_one_download() {
    let aborted = Touch {
        content: 400,
        ..complete(MONDAY)
    };
    let rest = [span(400, 600)];
    check(
        Kind::FirstTouch,
        &[aborted, range(MONDAY + HOUR, &rest)],
        [1, 0, 1, 0],
    );
}

#[test]
fn a_resume_after_the_window_is_two_partials() {
    let aborted = Touch {
        content: 400,
        ..complete(MONDAY)
    };
    let rest = [span(400, 600)];
    check(
        Kind::FirstTouch,
        &[aborted, range(MONDAY + DAY, &rest)],
        [0, 0, 2, 2],
    );
}

#[test]
fn the_same_file_twice_is_one_download_and_one_repeat() {
    let touches = [complete(MONDAY), complete(MONDAY + 1)];
    for kind in KINDS {
        check(kind, &touches, [1, 1, 1, 0]);
    }
}

#[test]
fn a_repeat_needs_the_whole_again() {
    let (head, tail) = ([span(0, 500)], [span(500, 500)]);
    let touches = [
        complete(MONDAY),
        range(MONDAY, &head),
        range(MONDAY, &head),
        range(MONDAY, &tail),
    ];
    check(Kind::FirstTouch, &touches[..3], [1, 0, 1, 0]);
    check(Kind::FirstTouch, &touches, [1, 1, 1, 0]);
}

#[test]
fn overlapping_ranges_of_one_request_count_their_bytes_once() {
    let both = [span(0, 600), span(400, 600)];
    check(Kind::FirstTouch, &[range(MONDAY, &both)], [1, 0, 1, 0]);
    let same = [span(0, 500), span(0, 500)];
    check(Kind::FirstTouch, &[range(MONDAY, &same)], [0, 0, 1, 1]);
}

#[test]
fn ranges_are_covered_in_the_order_they_were_sent() {
    let swapped = [span(500, 500), span(0, 500)];
    let cut = Touch {
        content: 700,
        ..range(MONDAY, &swapped)
    };
    let rest = [span(200, 300)];
    check(Kind::FirstTouch, &[cut, range(MONDAY, &rest)], [1, 0, 1, 0]);
    let too_little = [span(201, 299)];
    check(
        Kind::FirstTouch,
        &[cut, range(MONDAY, &too_little)],
        [0, 0, 1, 1],
    );
}

#[test]
fn an_empty_file_is_whole_by_one_200() {
    let empty = Touch {
        whole: 0,
        content: 0,
        ..complete(MONDAY)
    };
    check(Kind::FirstTouch, &[empty, empty], [1, 1, 1, 0]);
    let nothing = [span(0, 0)];
    let range = Touch {
        spans: &nothing,
        ..empty
    };
    check(Kind::FirstTouch, &[range], [0, 0, 1, 0]);
}

#[test]
fn a_hit_that_sent_nothing_is_a_visitor_and_no_partial() {
    let nothing = Touch {
        content: 0,
        ..complete(MONDAY)
    };
    check(Kind::FirstTouch, &[nothing], [0, 0, 1, 0]);
    let empty_range = [span(5, 0)];
    let touch = Touch {
        content: 10,
        ..range(MONDAY, &empty_range)
    };
    check(Kind::FirstTouch, &[touch], [0, 0, 1, 0]);
}

#[test]
fn what_lies_outside_of_the_file_covers_nothing() {
    let outside = [span(1000, 50), span(u64::MAX, u64::MAX)];
    let touch = Touch {
        content: u64::MAX,
        ..range_of(&outside)
    };
    check(Kind::FirstTouch, &[touch], [0, 0, 1, 0]);
    let across = [span(0, 2000)];
    check(Kind::FirstTouch, &[range(MONDAY, &across)], [1, 0, 1, 0]);
}

fn range_of(spans: &[Span]) -> Touch<'_> {
    Touch {
        spans,
        ..complete(MONDAY)
    }
}

#[test]
fn a_clock_set_back_an_hour_stays_in_the_window() {
    let (head, tail) = ([span(0, 500)], [span(500, 500)]);
    let touches = [
        range(MONDAY + 10 * HOUR, &head),
        range(MONDAY + 9 * HOUR, &tail),
    ];
    for kind in KINDS {
        let (sum, window) = sum(kind, &touches);
        assert_eq!((sum.downloads, sum.visitors), (1, 1));
        assert_eq!(window.opened, MONDAY + 10 * HOUR);
    }
}

#[test]
fn a_clock_set_back_across_midnight_counts_no_day_twice() {
    let tuesday = MONDAY + DAY;
    let touches = [
        complete(tuesday - 30 * MINUTE),
        complete(tuesday + 30 * MINUTE),
        complete(tuesday - 10 * MINUTE),
        complete(tuesday + 40 * MINUTE),
    ];
    check(Kind::FirstTouch, &touches, [1, 3, 2, 0]);
    check(Kind::LastTouch, &touches, [1, 3, 2, 0]);
    // The second opens Tuesday's window, and the third, which is older, belongs to that.
    check(Kind::CalendarDay, &touches, [2, 2, 2, 0]);
}

#[test]
fn a_window_that_opens_again_on_a_counted_day_counts_no_second_visitor() {
    let touches = [10, 24 + 9, 24 + 11].map(|hours| complete(MONDAY + hours * HOUR));
    check(Kind::FirstTouch, &touches, [2, 1, 2, 0]);
}

#[test]
fn each_representation_has_its_own_coverage_and_the_window_one_download() {
    let (head, tail) = ([span(0, 500)], [span(500, 500)]);
    let brotli = |touch| Touch {
        representation: 7,
        ..touch
    };
    let mixed = [range(MONDAY, &head), brotli(range(MONDAY, &tail))];
    check(Kind::FirstTouch, &mixed, [0, 0, 1, 1]);
    let both = [
        complete(MONDAY),
        Touch {
            whole: 300,
            content: 300,
            ..brotli(complete(MONDAY))
        },
    ];
    check(Kind::FirstTouch, &both, [1, 1, 1, 0]);
}

#[test]
fn a_representation_of_another_length_begins_anew() {
    let (head, tail) = ([span(0, 500)], [span(500, 500)]);
    let other = Touch {
        whole: 1001,
        ..range(MONDAY, &tail)
    };
    check(
        Kind::FirstTouch,
        &[range(MONDAY, &head), other],
        [0, 0, 1, 1],
    );
    let back = [range(MONDAY, &head), other, range(MONDAY, &head)];
    check(Kind::FirstTouch, &back, [0, 0, 1, 1]);
}

#[test]
fn the_ninth_representation_makes_the_oldest_forgotten() {
    let (head, tail) = ([span(0, 500)], [span(500, 500)]);
    let heads = (0..9).map(|mark| Touch {
        representation: mark,
        ..range(MONDAY, &head)
    });
    let mut touches: Vec<_> = heads.collect();
    touches.push(Touch {
        representation: 1,
        ..range(MONDAY, &tail)
    });
    check(Kind::FirstTouch, &touches, [1, 0, 1, 0]);
    touches.push(Touch {
        representation: 0,
        ..range(MONDAY, &tail)
    });
    check(Kind::FirstTouch, &touches, [1, 0, 1, 0]);
}

#[test]
fn a_partial_is_counted_where_and_for_whom_the_window_opened() {
    let head = [span(0, 500)];
    let first = Touch {
        class: Class::Bot,
        ..range(MONDAY, &head)
    };
    let mut window = Window::open(&first);
    window.touch(Kind::FirstTouch, &first);
    let effect = window.touch(Kind::FirstTouch, &range(MONDAY + 3 * DAY, &head));
    let closed = Closed {
        opened: MONDAY,
        class: Class::Bot,
        partials: 1,
    };
    assert_eq!(effect.closed, Some(closed));
    assert_eq!(window.opened, MONDAY + 3 * DAY);
    assert_eq!(window.close().class, Class::Tool);
}

#[test]
fn a_repeat_changes_nothing_that_would_have_to_be_stored() {
    let mut window = Window::open(&complete(MONDAY));
    assert!(window.touch(Kind::FirstTouch, &complete(MONDAY)).changed);
    let stored = window.encode();
    for after in [0, 1, HOUR, 23 * HOUR] {
        let effect = window.touch(Kind::FirstTouch, &complete(MONDAY + after));
        assert_eq!((effect.repeats, effect.changed), (1, false));
    }
    assert_eq!(window.encode(), stored);
}

#[test]
fn the_last_touch_is_stored_only_when_it_has_moved_a_minute() {
    let mut window = Window::open(&complete(MONDAY));
    window.touch(Kind::LastTouch, &complete(MONDAY));
    assert!(
        !window
            .touch(Kind::LastTouch, &complete(MONDAY + MINUTE))
            .changed
    );
    assert!(
        window
            .touch(Kind::LastTouch, &complete(MONDAY + MINUTE + 1))
            .changed
    );
    assert!(!window.touch(Kind::LastTouch, &complete(MONDAY)).changed);
    assert_eq!(window.ends(Kind::LastTouch), MONDAY + DAY + MINUTE + 1);
}

#[test]
fn a_window_is_kept_until_its_last_counted_day_is_over() {
    let mut window = Window::open(&complete(MONDAY + 10 * HOUR));
    assert_eq!(window.ends(Kind::FirstTouch), MONDAY + DAY + 10 * HOUR);
    assert_eq!(window.ends(Kind::CalendarDay), MONDAY + DAY);
    window.touch(Kind::FirstTouch, &complete(MONDAY + 10 * HOUR));
    assert_eq!(window.ends(Kind::FirstTouch), MONDAY + DAY + 10 * HOUR);
    window.touch(Kind::FirstTouch, &complete(MONDAY + DAY + HOUR));
    assert_eq!(window.ends(Kind::FirstTouch), MONDAY + 2 * DAY);
}

#[test]
fn times_at_the_end_of_all_numbers_do_no_harm() {
    for time in [i64::MIN, i64::MAX] {
        for kind in KINDS {
            let mut window = Window::open(&complete(time));
            let downloads = window.touch(kind, &complete(time)).downloads;
            assert_eq!(downloads, 1);
            assert_eq!(Window::decode(&window.encode()), Some(window.clone()));
            window.touch(kind, &complete(-time.saturating_add(1)));
            assert_eq!(Window::decode(&window.encode()), Some(window));
        }
    }
}

#[test]
fn one_visitor_can_make_it_remember_only_so_much() {
    let whole = 1 << 40;
    let mut window = Window::open(&complete(MONDAY));
    for at in 0..3_000 {
        for representation in 0..10 {
            let every_second = [span(at << 24, 1)];
            let touch = range(MONDAY, &every_second);
            window.touch(
                Kind::FirstTouch,
                &Touch {
                    whole,
                    representation,
                    ..touch
                },
            );
        }
    }
    // 8 parts of 1024 pieces; a gap of 16 MiB takes 4 bytes, a length of 1 takes one.
    assert!(
        window.encode().len() < 8 * 1024 * 6,
        "{}",
        window.encode().len()
    );
    assert_eq!(Window::decode(&window.encode()), Some(window));
}

#[test]
fn bytes_that_are_no_window_are_refused() {
    let head = [span(0, 500)];
    let mut window = Window::open(&complete(MONDAY));
    window.touch(Kind::FirstTouch, &range(MONDAY, &head));
    let sound = window.encode();
    for length in 0..sound.len() {
        assert_eq!(Window::decode(&sound[..length]), None, "cut at {length}");
    }
    assert_eq!(
        Window::decode(&[&sound[..], &[0]].concat()),
        None,
        "one too many"
    );
    let with = |at: usize, byte: u8| {
        let mut bytes = sound.clone();
        bytes[at] = byte;
        Window::decode(&bytes)
    };
    assert_eq!(with(0, 2), None, "a later format");
    assert_eq!(with(1, 0b0001_0111), None, "no such class");
    assert_eq!(with(1, sound[1] | 0x80), None, "an unknown flag");
}

/// The rules again, in the plainest words: sets of bytes.
struct Model {
    opened: i64,
    touched: i64,
    counted: i64,
    downloaded: bool,
    covered: BTreeMap<u64, BTreeSet<u64>>,
}

impl Model {
    fn touch(&mut self, kind: Kind, touch: &Touch<'_>) -> Sum {
        let mut sum = Sum::default();
        let is_over = match kind {
            Kind::FirstTouch => touch.time - self.opened >= DAY,
            Kind::LastTouch => touch.time - self.touched >= DAY,
            Kind::CalendarDay => day_of(touch.time) > day_of(self.opened),
        };
        if is_over {
            sum.partials = self.partials();
            (self.opened, self.touched) = (touch.time, touch.time);
            self.downloaded = false;
            self.covered.clear();
        }
        if touch.time - self.touched > MINUTE {
            self.touched = touch.time;
        }
        if day_of(touch.time) > self.counted {
            self.counted = day_of(touch.time);
            sum.visitors = 1;
        }
        let whole = [span(0, touch.whole)];
        let asked = if touch.spans.is_empty() {
            &whole
        } else {
            touch.spans
        };
        let bytes = asked
            .iter()
            .flat_map(|span| span.start..span.start + span.length);
        let sent = bytes.take(usize::try_from(touch.content).unwrap());
        let covered = self.covered.entry(touch.representation).or_default();
        covered.extend(sent.filter(|byte| *byte < touch.whole));
        if covered.len() as u64 == touch.whole {
            covered.clear();
            sum.downloads = u64::from(!self.downloaded);
            sum.repeats = u64::from(self.downloaded);
            self.downloaded = true;
        }
        sum
    }

    fn partials(&self) -> u64 {
        u64::from(!self.downloaded && self.covered.values().any(|covered| !covered.is_empty()))
    }
}

/// One touch of a history: minutes since the one before, spans, bytes, representation.
type Step = (i64, Vec<(u64, u64)>, u64, u64);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let spans = prop::collection::vec((0..20_u64, 0..12_u64), 0..4);
    prop::collection::vec((-200..1_000_i64, spans, 0..30_u64, 0..2_u64), 1..40)
}

proptest! {
    #[test]
    fn any_history_counts_as_the_plain_rules_do(steps in steps(), kind in 0..3_usize) {
        let kind = KINDS[kind];
        let mut state: Option<(Window, Model)> = None;
        let mut time = MONDAY;
        for (minutes, spans, content, representation) in steps {
            time += minutes * MINUTE;
            let spans: Vec<Span> = spans.into_iter().map(|(start, length)| span(start, length)).collect();
            let whole = 10 + 5 * representation;
            let touch = Touch { time, class: Class::Person, representation, whole, spans: &spans, content };
            let (window, model) = state.get_or_insert_with(|| {
                let model = Model {
                    opened: time,
                    touched: time,
                    counted: i64::MIN,
                    downloaded: false,
                    covered: BTreeMap::new(),
                };
                (Window::open(&touch), model)
            });
            let before = window.encode();
            let effect = window.touch(kind, &touch);
            let found = Sum {
                downloads: effect.downloads,
                repeats: effect.repeats,
                visitors: effect.visitors,
                partials: effect.closed.map_or(0, |closed| closed.partials),
            };
            prop_assert_eq!(found, model.touch(kind, &touch));
            prop_assert_eq!(window.close().partials, model.partials());
            let after = window.encode();
            prop_assert!(effect.changed || before == after, "a change is not said");
            prop_assert_eq!(Window::decode(&after), Some(window.clone()));
        }
    }

    #[test]
    fn any_bytes_are_read_without_harm(mut bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Some(first) = bytes.first_mut() {
            *first = FORMAT;
        }
        if let Some(window) = Window::decode(&bytes) {
            prop_assert_eq!(Window::decode(&window.encode()), Some(window.clone()));
            let mut window = window;
            for kind in KINDS {
                prop_assert!(window.ends(kind) >= window.closes(kind));
                window.touch(kind, &complete(MONDAY));
            }
        }
    }
}
