//! Power cuts, and disks that fail at the n-th call.

use proptest::prelude::*;

use super::{Place, Run, complete, served};
use crate::disk::memory::MemoryDisk;
use crate::ledger::{Ledger, Sqlite};

/// One worker, several files, a sync now and then.
fn serve(run: &mut Run, rounds: u64, mut each: impl FnMut(&mut Run, u64)) -> u64 {
    let files = [served("/a", 100), served("/b", 100)];
    let mut given = 0;
    for round in 1..=rounds {
        for file in &files {
            let begun = run.begin(0, file, round, &[]);
            run.settle(0, &begun, complete(100));
            given += 1;
        }
        each(run, round);
    }
    given
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_power_cut_loses_what_was_not_synced_and_nothing_else(
        rounds in 1u64..80, synced_at in 0u64..80, posted_at in 0u64..80, survivors in any::<u64>(),
    ) {
        let (place, disk) = (Place::new(), MemoryDisk::default());
        let mut run = Run::start(&disk, &place);
        let mut safe = 0;
        let given = serve(&mut run, rounds, |run, round| {
            if round == synced_at {
                run.desk.sync_all().unwrap();
                safe = safe.max(round * 2);
            }
            if round == posted_at {
                run.clerk.cycle().unwrap();
                safe = safe.max(round * 2);
            }
        });
        drop(run);
        let mut bits = survivors;
        let disk = disk.after_power_cut(|| {
            bits = bits.rotate_left(1);
            bits & 1 == 1
        });
        let again = Run::try_start(&disk, &place, 2);
        prop_assert!(again.is_ok(), "{:?}", again.map(drop));
        let [hits, complete, unsettled] = place.row("SELECT sum(hits), sum(complete), sum(unsettled) FROM files");
        prop_assert!(hits >= safe && hits <= given, "{} of {} given, {} safe", hits, given, safe);
        prop_assert_eq!(hits, complete + unsettled);
        let mut ledger = Sqlite::open(&place.ledger()).unwrap();
        let numbers = ledger.number("", b"/a").unwrap() + ledger.number("", b"/b").unwrap();
        prop_assert_eq!(numbers, hits, "numbers have no gap");
    }
}

#[test]
fn whichever_call_fails_no_number_is_wrong_and_serving_goes_on() {
    let calls = {
        let (place, disk) = (Place::new(), MemoryDisk::default());
        let mut run = Run::start(&disk, &place);
        let before = disk.calls();
        serve(&mut run, 60, |run, _| run.clerk.cycle().unwrap());
        run.stop();
        disk.calls() - before
    };
    assert!(calls > 10, "{calls} calls are few to fail");
    for from in 0..calls {
        for count in [1, 3] {
            let (place, disk) = (Place::new(), MemoryDisk::default());
            let mut run = Run::start(&disk, &place);
            disk.fail(from, count);
            let given = serve(&mut run, 60, |run, _| {
                run.clerk.cycle().unwrap();
                run.desk.sync_all().ok();
            });
            disk.fail(0, 0);
            run.stop();
            let [hits, complete] = place.row("SELECT sum(hits), sum(complete) FROM files");
            assert_eq!(
                (hits, complete),
                (given, given),
                "calls {from} and {count} more"
            );
        }
    }
}

#[test]
fn a_start_whose_calls_fail_changes_nothing() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let mut run = Run::start(&disk, &place);
    let given = serve(&mut run, 60, |_, _| {});
    drop(run);
    for from in 0..20 {
        let disk = disk.after_kill();
        disk.fail(from, 1);
        if let Ok(run) = Run::try_start(&disk, &place, 1) {
            drop(run);
            break;
        }
        assert_eq!(place.row("SELECT count(*) FROM files"), [0], "call {from}");
    }
    let [hits] = place.row("SELECT sum(hits) FROM files");
    assert_eq!(hits, given, "the start that succeeded posted it once");
}
