//! Log events into the lines that go-plugin's host reads on the plugin's stderr: one hclog JSON object each.
//!
//! The host takes `@level`, `@message` and `@timestamp` as strings without looking (go-plugin `log_entry.go`,
//! `parseJSON`: another type there crashes the controller) and reads lines of at most 64 KiB. It prints whatever level
//! arrives, so the level is chosen here.
//!
//! A host that stops reading must not stop the plugin: lines go through a bounded queue to a thread of their own, and
//! what the queue cannot take is counted and told in the next line that it can. Write errors are dropped (Rust
//! programs ignore SIGPIPE, so a closed pipe is only an error).
//!
//! Events of other crates are not written: HTTP, TLS and name resolution would tell headers and addresses unmasked.

use std::fmt;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::text::chain::{bounded, chain};
use crate::text::nearest::nearest;

/// Lines that wait for a slow reader.
const QUEUE: usize = 1024;

/// Bytes of one text in a line, before JSON's escapes, which make at most six of one.
const TEXT: usize = 4 * 1024;

/// Bytes of one line; the host reads 64 KiB at a time.
const LINE: usize = 60 * 1024;

/// How long the first line of a batch waits for others.
const TOGETHER: Duration = Duration::from_millis(10);

/// How long the end of the program waits for the last lines to be taken.
const LAST_LINES: Duration = Duration::from_millis(100);

/// The target of events that are written: this crate's own.
const TARGET: &str = "promql_guard";

/// The words for levels, least to most.
const LEVELS: [(&str, LevelFilter); 6] = [
    ("off", LevelFilter::OFF),
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
];

/// A word that names no level.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("log level `{word}`, expected off, error, warn, info, debug or trace{}", hint(.nearest))]
pub struct LevelError {
    /// What was given.
    pub word: String,
    /// What was likely meant.
    pub nearest: Option<&'static str>,
}

fn hint(nearest: &Option<&'static str>) -> String {
    nearest.map_or_else(String::new, |word| format!("; write `{word}`"))
}

/// Reads the word for a level.
pub fn level(word: &str) -> Result<LevelFilter, LevelError> {
    LEVELS
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, filter)| *filter)
        .ok_or_else(|| LevelError {
            word: bounded(word, 40),
            nearest: nearest(word, LEVELS.map(|(name, _)| name)),
        })
}

/// Sends this program's log events to stderr from now on, and its panics with them.
///
/// Keep what is returned until the end of the program: dropping it waits a moment for the last lines.
///
/// # Errors
///
/// If something else already takes the program's log events, or no thread can be started.
pub fn install(filter: LevelFilter) -> std::io::Result<LastLines> {
    let (layer, last_lines) = layer(std::io::stderr(), filter)?;
    tracing::subscriber::set_global_default(Registry::default().with(layer))
        .map_err(std::io::Error::other)?;
    // The payload of a panic may quote a secret, its place cannot.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map_or_else(String::new, ToString::to_string);
        tracing::error!(target: "promql_guard::panic", place, "panic");
    }));
    Ok(last_lines)
}

/// A layer that writes to `writer` from a thread of its own.
fn layer<W: Write + Send + 'static>(
    writer: W,
    filter: LevelFilter,
) -> std::io::Result<(HclogLayer, LastLines)> {
    let (lines, queue) = sync_channel(QUEUE);
    let (done, drained) = sync_channel(1);
    thread::Builder::new()
        .name("log".to_owned())
        .stack_size(64 * 1024)
        .spawn(move || {
            write_lines(&queue, writer);
            // The other side has stopped waiting, if this fails.
            let _ = done.try_send(());
        })?;
    let layer = HclogLayer {
        filter,
        lines: lines.clone(),
        dropped: AtomicU64::new(0),
    };
    Ok((layer, LastLines { lines, drained }))
}

enum Line {
    Text(Vec<u8>),
    /// Nothing after this is written.
    Last,
}

/// Lines that come close together are written together: waking this thread costs more than a line does.
fn write_lines<W: Write>(queue: &Receiver<Line>, mut writer: W) {
    let mut last = false;
    while !last {
        let Ok(Line::Text(mut batch)) = queue.recv() else {
            return;
        };
        thread::sleep(TOGETHER);
        while batch.len() < LINE && !last {
            match queue.try_recv() {
                Ok(Line::Text(line)) => batch.extend_from_slice(&line),
                Ok(Line::Last) => last = true,
                Err(_) => break,
            }
        }
        // A host that closed the pipe wants no more; the plugin goes on.
        let _ = writer.write_all(&batch).and_then(|()| writer.flush());
    }
}

/// Waits, when dropped, until the lines so far are written, or a tenth of a second.
#[derive(Debug)]
pub struct LastLines {
    lines: SyncSender<Line>,
    drained: Receiver<()>,
}

impl Drop for LastLines {
    fn drop(&mut self) {
        if self.lines.try_send(Line::Last).is_ok() {
            // Either way there is nothing more to do.
            let _ = self.drained.recv_timeout(LAST_LINES);
        }
    }
}

struct HclogLayer {
    filter: LevelFilter,
    lines: SyncSender<Line>,
    dropped: AtomicU64,
}

impl<S: Subscriber> Layer<S> for HclogLayer {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= self.filter && metadata.target().starts_with(TARGET)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.filter)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            fields.put("dropped_lines", Value::from(dropped));
        }
        let metadata = event.metadata();
        let line = line(metadata, fields, Timestamp::now());
        if self.lines.try_send(Line::Text(line)).is_err() {
            self.dropped.fetch_add(dropped + 1, Ordering::Relaxed);
        }
    }
}

/// One line: the members that hclog knows first, then the event's own.
fn line(metadata: &Metadata<'_>, fields: Fields, now: Timestamp) -> Vec<u8> {
    let mut known = Map::new();
    known.insert("@level".to_owned(), level_name(metadata.level()).into());
    known.insert("@message".to_owned(), fields.message.into());
    known.insert("@module".to_owned(), metadata.target().into());
    let timestamp = now.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    known.insert("@timestamp".to_owned(), timestamp.into());
    let mut whole = known.clone();
    whole.extend(fields.others);
    let mut line = Value::from(whole).to_string();
    if line.len() >= LINE {
        known.insert("cut".to_owned(), "the line was too long".into());
        line = Value::from(known).to_string();
    }
    line.push('\n');
    line.into_bytes()
}

fn level_name(level: &Level) -> &'static str {
    match *level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// What an event carries.
#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn put(&mut self, name: &str, value: Value) {
        // These are hclog's own.
        if !name.starts_with('@') {
            self.others.insert(name.to_owned(), value);
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let text = bounded(value, TEXT);
        if field.name() == "message" {
            self.message = text;
        } else {
            self.put(field.name(), text.into());
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.record_str(field, &chain(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// Hands each line to the test.
    struct Told(Sender<String>);

    impl Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let lines = String::from_utf8(bytes.to_vec()).map_err(io::Error::other)?;
            for line in lines.split_inclusive('\n') {
                self.0.send(line.to_owned()).map_err(io::Error::other)?;
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(filter: LevelFilter, log: impl FnOnce()) -> Vec<Map<String, Value>> {
        let (sender, lines) = channel();
        let (layer, last_lines) = layer(Told(sender), filter).expect("a thread");
        tracing::subscriber::with_default(Registry::default().with(layer), log);
        drop(last_lines);
        lines
            .try_iter()
            .map(|line| {
                assert!(line.len() < 64 * 1024 && line.ends_with('\n'));
                assert_eq!(line.matches('\n').count(), 1, "{line}");
                serde_json::from_str(&line).expect("an object")
            })
            .collect()
    }

    #[test]
    fn a_line_is_what_hclog_reads() {
        let failure = io::Error::other("refused");
        let lines = written(LevelFilter::TRACE, || {
            tracing::warn!(
                count = 3,
                share = 0.5,
                ok = false,
                path = "/a\n\"b\"",
                error = &failure as &dyn std::error::Error,
                "@level" = 7,
                "two\nlines"
            );
            tracing::trace!(target: "hyper::client", "authorization: secret");
        });
        let [line] = lines.as_slice() else {
            panic!("{lines:?}");
        };
        let timestamp = line["@timestamp"].as_str().expect("a text");
        let (seconds, fraction) = timestamp.split_once('.').expect("a fraction");
        assert_eq!((seconds.len(), fraction.len()), (19, 7), "{timestamp}");
        assert!(timestamp.parse::<Timestamp>().is_ok(), "{timestamp}");
        let mut others = line.clone();
        others.remove("@timestamp");
        assert_eq!(
            Value::from(others),
            serde_json::json!({
                "@level": "warn",
                "@message": "two\nlines",
                "@module": "promql_guard::plugin::log::tests",
                "count": 3,
                "share": 0.5,
                "ok": false,
                "path": "/a\n\"b\"",
                "error": "refused",
            })
        );
    }

    #[test]
    fn levels_filter() {
        for (filter, count) in [
            (LevelFilter::OFF, 0),
            (LevelFilter::ERROR, 1),
            (LevelFilter::INFO, 2),
            (LevelFilter::TRACE, 3),
        ] {
            let lines = written(filter, || {
                tracing::error!("a");
                tracing::info!("b");
                tracing::debug!("c");
            });
            assert_eq!(lines.len(), count, "{filter}");
        }
    }

    #[test]
    fn a_line_is_bounded() {
        let long = "\u{1}".repeat(100_000);
        let lines = written(LevelFilter::INFO, || {
            tracing::info!(
                a = long.as_str(),
                b = long.as_str(),
                c = long.as_str(),
                "{long}"
            );
        });
        assert_eq!(lines[0]["cut"], "the line was too long");
        assert_eq!(lines[0]["@message"].as_str().map(str::len), Some(TEXT));
    }

    /// Holds each write until the test lets it go.
    struct Held(Receiver<()>, Sender<String>);

    impl Write for Held {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(io::Error::other)?;
            let lines = String::from_utf8(bytes.to_vec()).map_err(io::Error::other)?;
            for line in lines.split_inclusive('\n') {
                self.1.send(line.to_owned()).map_err(io::Error::other)?;
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_host_that_does_not_read_costs_lines_only() {
        let (go_on, held) = channel();
        let (sender, lines) = channel();
        let (layer, _last_lines) = layer(Held(held, sender), LevelFilter::INFO).expect("a thread");
        tracing::subscriber::with_default(Registry::default().with(layer), || {
            // As many as one write takes may be in the thread's hands beside the queue.
            for count in 0..QUEUE + LINE / 64 {
                tracing::info!(count, "line");
            }
            for _ in 0..2 * QUEUE {
                go_on.send(()).expect("the thread lives");
            }
            for _ in 0..QUEUE {
                lines.recv().expect("a line");
            }
            tracing::info!("after");
        });
        let after = lines
            .iter()
            .find(|line| line.contains("after"))
            .expect("a line");
        assert!(after.contains(r#""dropped_lines":"#), "{after}");
    }

    #[test]
    fn levels_are_words() {
        assert_eq!(level("debug"), Ok(LevelFilter::DEBUG));
        assert_eq!(
            level("wran").map_err(|error| error.to_string()),
            Err(
                "log level `wran`, expected off, error, warn, info, debug or trace; write `warn`"
                    .to_owned()
            )
        );
    }
}
