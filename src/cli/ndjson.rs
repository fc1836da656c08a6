//! Standard input, one JSON object a line, into answers, one a line.

use std::io::{BufRead, Read};

use serde_json::{Map, Value};

use super::formats::paint::escaped;
use super::render::Reader;
use super::{DONE, Done, IMPOSSIBLE, render};

/// The longest line that is read, in bytes.
const LINE: u64 = 8 << 20;

/// Answers each line of standard input; of a line that asks nothing, `refused` makes an answer out of the reason, the rest is
/// answered, and the exit code is 2.
pub(super) fn answer_lines(
    answer: impl Fn(&Map<String, Value>) -> Result<Value, String>,
    refused: impl Fn(String) -> Value,
) -> Done {
    let mut input = std::io::stdin().lock();
    let mut code = DONE;
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(code);
        }
        if line.len() as u64 == LINE && !line.ends_with(b"\n") {
            return Err(format!("a line of more than {LINE} bytes").into());
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let answered = serde_json::from_slice(&line)
            .map_err(|error| format!("expected one JSON object a line: {error}"))
            .and_then(|asked| answer(&asked))
            .unwrap_or_else(|message| {
                code = IMPOSSIBLE;
                refused(message)
            });
        if render::line(&escaped(&answered.to_string()))? == Reader::Gone {
            return Ok(code);
        }
    }
}
