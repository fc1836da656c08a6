//! Measures thousands of times through the plugin's socket, a tenth of it on a server that fails, and watches the plugin's
//! memory and file descriptors meanwhile.
//!
//! ```text
//! soak --plugin BINARY [--count 20000] [--at-once 30] [--protocol netrpc|grpc]
//! ```
//!
//! Prints a line each tenth of the way, with the least and the most that was held in it. Exit status 1: an answer was not the
//! expected one, or the least of the second half is more than the most of the first. 30 at once is the controller's default number
//! of analysis threads.

mod cases;
#[path = "../../tests/host/mod.rs"]
mod host;
#[path = "../../tests/it/loopback.rs"]
#[allow(dead_code, reason = "a part of what the tests need of it")]
mod loopback;

use std::cell::Cell;
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::rc::Rc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use promql_guard::analysis::measurement::Phase;
use promql_guard::analysis::run::AnalysisRun;

use cases::Case;
use host::{Answer, Host, Process};
use loopback::Loopback;

/// The least memory of the second half may be above the most of the first by this much, in KiB. The allocator keeps what
/// large answers needed, or gives it back, at times of its own: less than that would be noise.
const MEMORY: u64 = 8 * 1024;
/// As many more files may be open: connections come and go with the faults.
const FILES: u64 = 10;
/// How often is looked, of all the way.
const LOOKS: usize = 200;

struct Arguments {
    plugin: String,
    count: usize,
    at_once: usize,
    protocol: String,
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut read = Arguments {
        plugin: String::new(),
        count: 20_000,
        at_once: 30,
        protocol: "netrpc".to_owned(),
    };
    let mut words = std::env::args().skip(1);
    while let Some(flag) = words.next() {
        let value = words
            .next()
            .ok_or_else(|| format!("`{flag}` has no value"))?;
        match flag.as_str() {
            "--plugin" => read.plugin = value,
            "--count" => read.count = value.parse()?,
            "--at-once" => read.at_once = value.parse()?,
            "--protocol" => read.protocol = value,
            _ => return Err(format!("unknown flag `{flag}`").into()),
        }
    }
    if read.plugin.is_empty() {
        return Err("`--plugin` is missing".into());
    }
    Ok(read)
}

/// What all workers share.
struct Soak {
    host: Host,
    run: AnalysisRun,
    address: String,
    count: usize,
    next: Cell<usize>,
    done: Cell<usize>,
    wrong: Cell<usize>,
}

impl Soak {
    async fn work(&self, process: u32, begun: Instant, marks: &Cell<Vec<Mark>>) -> Answer<()> {
        while self.next.get() < self.count {
            let number = self.next.replace(self.next.get() + 1);
            if let Err(problem) = self.measure(number).await {
                self.wrong.set(self.wrong.get() + 1);
                if self.wrong.get() <= 10 {
                    writeln!(std::io::stdout(), "{problem}")?;
                }
            }
            self.done.set(self.done.get() + 1);
            if self.done.get().is_multiple_of((self.count / LOOKS).max(1)) {
                let mut all = marks.take();
                all.push(Mark::of(process)?);
                if all.len().is_multiple_of(LOOKS / 10) {
                    self.tell(begun, &all[all.len() - LOOKS / 10..])?;
                }
                marks.set(all);
            }
        }
        Ok(())
    }

    /// A line of the table.
    fn tell(&self, begun: Instant, marks: &[Mark]) -> std::io::Result<()> {
        let (memory, files) = (|mark: &Mark| mark.memory, |mark: &Mark| mark.files);
        writeln!(
            std::io::stdout(),
            "{:>8} {:>8.1} {:>9} to {:>6} {:>4} to {:>3} {:>8}",
            self.done.get(),
            begun.elapsed().as_secs_f64(),
            least(marks, memory),
            marks.iter().map(memory).max().unwrap_or(0),
            least(marks, files),
            marks.iter().map(files).max().unwrap_or(0),
            self.wrong.get()
        )
    }

    /// One measurement to its end, or what was not expected of it.
    async fn measure(&self, number: usize) -> Answer<()> {
        let case = Case::of(number);
        let metric = case.metric(number, &self.address);
        let measurement = self.host.run(Some(&self.run), &metric).await?;
        let (phase, value) = case.expected(number);
        let is_right = measurement.phase == phase
            && value.is_none_or(|value| value == measurement.value)
            && (phase == Phase::Successful || !measurement.message.is_empty());
        if !is_right {
            return Err(
                format!("{number}, {case:?}: expected {phase}, found {measurement:?}").into(),
            );
        }
        if case != Case::Waiting {
            return Ok(());
        }
        let resumed = self
            .host
            .resume(Some(&self.run), &metric, &measurement)
            .await?;
        let ended = self
            .host
            .terminate(Some(&self.run), &metric, &resumed)
            .await?;
        if (&resumed.phase, &ended.phase) != (&Phase::Running, &Phase::Inconclusive) {
            return Err(
                format!("{number}, {case:?}: resumed to {resumed:?}, ended as {ended:?}").into(),
            );
        }
        Ok(())
    }
}

/// What the plugin's process holds.
#[derive(Clone, Copy)]
struct Mark {
    /// Resident, in KiB.
    memory: u64,
    files: u64,
}

impl Mark {
    fn of(process: u32) -> Answer<Self> {
        Ok(Self {
            memory: status(process, "VmRSS:")?,
            files: std::fs::read_dir(format!("/proc/{process}/fd"))?.count() as u64,
        })
    }
}

/// A line of the kernel's account of the process, in KiB.
fn status(process: u32, key: &str) -> Answer<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or_else(|| format!("no `{key}`"))?.parse()?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = arguments()?;
    let server = Loopback::serve(Case::answer);
    let versions = if arguments.protocol == "grpc" {
        "1,2"
    } else {
        "1"
    };
    let program = Path::new(&arguments.plugin);
    let mut plugin = Process::start_logging(program, &[], versions, &[], Stdio::null())?;
    let soak = Rc::new(Soak {
        host: Host::connect(&plugin).await?,
        run: AnalysisRun {
            name: "soak".to_owned(),
            namespace: "soak".to_owned(),
            created_at: Timestamp::now()
                .checked_sub(SignedDuration::from_hours(1))
                .ok(),
            ..AnalysisRun::default()
        },
        address: server.url(),
        count: arguments.count,
        next: Cell::new(0),
        done: Cell::new(0),
        wrong: Cell::new(0),
    });
    soak.host.init().await??;
    let mut out = std::io::stdout();
    writeln!(out, "{}, {} at once", plugin.protocol, arguments.at_once)?;
    writeln!(
        out,
        "{:>8} {:>8} {:>19} {:>11} {:>8}",
        "measured", "seconds", "memory, KiB", "files", "wrong"
    )?;

    let marks = Rc::new(Cell::new(Vec::new()));
    let (process, begun) = (plugin.id(), Instant::now());
    let workers = tokio::task::LocalSet::new();
    for _ in 0..arguments.at_once {
        let (soak, marks) = (Rc::clone(&soak), Rc::clone(&marks));
        workers.spawn_local(async move {
            let worked = soak.work(process, begun, &marks).await;
            if let Err(problem) = worked {
                soak.wrong.set(soak.wrong.get() + 1);
                // It is counted; a closed output is told of at the end.
                let _ = writeln!(std::io::stdout(), "{problem}");
            }
        });
    }
    workers.await;

    writeln!(
        out,
        "most memory at any time: {} KiB",
        status(process, "VmHWM:")?
    )?;
    soak.host.quit().await?;
    plugin.wait()?;
    judge(&soak, &marks.take())
}

/// Whether all was right, and the second half held no more than the first.
fn judge(soak: &Soak, marks: &[Mark]) -> Result<(), Box<dyn Error>> {
    let (wrong, done) = (soak.wrong.get(), soak.done.get());
    if wrong > 0 || done < soak.count {
        return Err(format!(
            "{wrong} of {} answers are wrong, {done} are done",
            soak.count
        )
        .into());
    }
    // The first tenth is the plugin's start.
    let (first, second) = marks.split_at(marks.len() / 2);
    let first = first.get(LOOKS / 10..).unwrap_or(first);
    for (name, what, more) in [
        (
            "KiB of memory",
            (|mark| mark.memory) as fn(&Mark) -> u64,
            MEMORY,
        ),
        ("open files", |mark| mark.files, FILES),
    ] {
        let before = first.iter().map(what).max().unwrap_or(0);
        let after = least(second, what);
        if after > before + more {
            return Err(format!(
                "{name} never fell below {after} in the second half, were at most {before} in the first; expected at most {more} more"
            )
            .into());
        }
    }
    Ok(())
}

fn least(marks: &[Mark], what: impl Fn(&Mark) -> u64) -> u64 {
    marks.iter().map(what).min().unwrap_or(0)
}
