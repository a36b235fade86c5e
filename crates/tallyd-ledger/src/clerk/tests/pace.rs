//! How often the clerk posts: each post syncs a file, whatever is in it.

use std::thread;
use std::time::Instant;

use super::super::PERIOD;
use super::*;

#[test]
fn single_hits_in_a_row_are_posted_together() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let Run {
        desk,
        clerk,
        journals,
        ..
    } = Run::start(&disk, &place);
    let (stop, health) = (Arc::clone(&clerk.stop), Arc::clone(&desk.health));
    let thread = thread::spawn(move || clerk.run());
    let file = served("/a", 100);
    let begun = Instant::now();
    let mut hits = 0;
    while begun.elapsed() < 5 * PERIOD {
        if desk.ready() < 4 {
            desk.supply_one().unwrap();
        }
        hits += 1;
        // Each has ended before the next begins: nothing is left to be done in between.
        let one = journals[0].begin(&hit(hits, &[], 7), &file.mark, &file.definition);
        journals[0].settle(&one, complete(100));
        thread::park_timeout(Duration::from_millis(5));
    }
    let posts = health.batches.load(Ordering::Relaxed);
    let most = begun.elapsed().as_millis() / PERIOD.as_millis() + 2;
    stop.store(true, Ordering::Release);
    thread.thread().unpark();
    assert!(thread.join().unwrap());
    assert!(
        (1..=most).contains(&u128::from(posts)),
        "{posts} posts, at most {most}"
    );
    assert_eq!(place.file("/a")[..2], [hits, hits]);
}
