//! Asking ledgers that are there, are gone, or hang.

use std::time::Instant;

use rustix::fs::{CWD, FileType, Mode};
use tallyd_ledger::Books;
use tallyd_ledger::ledger::Sqlite;
use tokio::runtime::{Builder, Runtime};

use super::*;
use crate::config::{Config, LogLevel};
use crate::resolve::pooled;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

fn asking(ledger: &std::path::Path) -> Asking {
    let readers = Arc::new(Readers::new(ledger));
    Asking::new(Some(readers), Voice::new(LogLevel::Error))
}

fn site() -> Site {
    Site {
        rules: Config::default().site,
        book: Books::default().of(""),
    }
}

fn at(millis: u64) -> Moment {
    Moment { millis, seconds: 0 }
}

async fn ask(asking: &Asking, path: &str, millis: u64) -> Result<Option<Arc<Brief>>, Silence> {
    let (site, range) = (site(), Range::default());
    asking
        .brief(&site, path.as_bytes(), range, at(millis))
        .await
}

#[test]
fn a_ledger_without_the_file_says_nothing_and_one_that_is_gone_does_not_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    runtime().block_on(async {
        let asking = asking(&path);
        assert_eq!(ask(&asking, "/a", 0).await, Err(Silence::Unanswered));
        drop(Sqlite::open(&path).unwrap());
        // It is asked anew: a failure is not kept.
        assert_eq!(ask(&asking, "/a", 0).await, Ok(None));
        let totals = asking.totals(&site(), vec![b"/a".to_vec()], 0).await;
        assert_eq!(totals, Some(vec![Totals::default()]));
    });
}

#[test]
fn without_a_ledger_nothing_is_kept() {
    let nobody = Asking::new(None, Voice::new(LogLevel::Error));
    assert!(!nobody.is_possible());
    runtime().block_on(async {
        assert_eq!(ask(&nobody, "/a", 0).await, Err(Silence::NotKept));
        assert_eq!(nobody.totals(&site(), Vec::new(), 0).await, None);
    });
}

#[test]
fn an_answer_is_given_again_for_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    drop(Sqlite::open(&path).unwrap());
    runtime().block_on(async {
        let asking = asking(&path);
        assert_eq!(ask(&asking, "/a", 5_000).await, Ok(None));
        // Whoever asks now would get no answer.
        std::fs::remove_file(&path).unwrap();
        let inner = asking.0.as_deref().unwrap();
        let turns = (inner.asker.turn().await, inner.asker.turn().await);
        assert_eq!(ask(&asking, "/a", 6_000).await, Ok(None));
        assert_eq!(ask(&asking, "/a", 6_001).await, Err(Silence::Unanswered));
        drop(turns);
        for number in 0..2 * KEPT {
            ask(&asking, &format!("/{number}"), 7_000).await.ok();
        }
        assert!(lock(&inner.known).len() <= KEPT);
    });
}

/// Opening a FIFO waits for somebody to write to it: as good as a disk that hangs.
#[test]
fn a_ledger_that_hangs_keeps_two_threads_and_nobody_waits_for_it_long() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let runtime = runtime();
    runtime.block_on(async {
        let asking = asking(&path);
        let start = Instant::now();
        let all = [
            ask(&asking, "/a", 0),
            ask(&asking, "/b", 0),
            ask(&asking, "/c", 0),
            ask(&asking, "/d", 0),
        ];
        let all: Vec<_> = all.into_iter().map(Box::pin).collect();
        for asked in join(all).await {
            assert_eq!(asked, Err(Silence::Unanswered));
        }
        let waited = start.elapsed();
        assert!(waited < Duration::from_secs(2), "{waited:?}");
        let inner = asking.0.as_deref().unwrap();
        let third = inner.asker.in_time(inner.asker.turn()).await;
        assert!(third.is_err(), "two hang, and keep their turns");
        assert_eq!(pooled(|| "free").await, Some("free"));
    });
    // Whoever hangs on it goes on, finds that it is no ledger, and ends.
    drop(std::fs::OpenOptions::new().write(true).open(&path).unwrap());
    runtime.shutdown_background();
}

/// All of these at the same time.
async fn join<F: Future + Unpin>(mut all: Vec<F>) -> Vec<F::Output> {
    let mut done: Vec<Option<F::Output>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in all.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(output) = std::pin::Pin::new(future).poll(context)
            {
                *done = Some(output);
            }
        }
        match done.iter().all(Option::is_some) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    done.into_iter().flatten().collect()
}
