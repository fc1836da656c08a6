//! Work on all cores: each piece by its number, the answers in their order, and a word on standard error where it takes long.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::cli::render::Progress;

/// A thread's stack: the bounds of the parsers are made for the main thread's.
const STACK: usize = 8 << 20;

/// How long it takes before anything is said, and between two words.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two words.
const PAUSE: Duration = Duration::from_millis(200);

/// What `work` answers for each number below `count`; `what` says what is done.
pub(super) fn on_all_cores<T: Send>(
    count: usize,
    what: &str,
    work: impl Fn(usize) -> T + Sync,
) -> std::io::Result<Vec<T>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let mut answers: Vec<Option<T>> = std::iter::repeat_with(|| None).take(count).collect();
    std::thread::scope(|scope| -> std::io::Result<()> {
        let (sender, receiver) = channel();
        for _ in 0..cores.min(count) {
            let (sender, next, work) = (sender.clone(), &next, &work);
            std::thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, move || {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        // Nobody listens where another piece ended the program.
                        if number >= count || sender.send((number, work(number))).is_err() {
                            return;
                        }
                    }
                })?;
        }
        drop(sender);
        let mut progress = Progress::new();
        let (began, mut done) = (Instant::now(), 0);
        loop {
            match receiver.recv_timeout(PAUSE) {
                Ok((number, answer)) => {
                    answers[number] = Some(answer);
                    done += 1;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            if began.elapsed() > PATIENCE {
                progress.say(&format!("{what}: {done} of {count}"));
            }
        }
    })?;
    Ok(answers.into_iter().flatten().collect())
}
