//! What the soak asks, what its server answers, and what must come of it.

use std::sync::LazyLock;

use promql_guard::analysis::measurement::Phase;
use promql_guard::analysis::metric::Metric;
use serde_json::json;

use super::loopback::{Reply, Request};

/// A measurement by what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// A number that the condition allows.
    Number,
    /// One that it does not.
    Failed,
    /// The query's fallback, with data behind it.
    Witnessed,
    /// The query's fallback, and nothing behind it.
    Silent,
    /// The same; it is to wait, is resumed, and ended.
    Waiting,
    /// The server begins an answer and says no more.
    Stall,
    /// It closes the connection amid the answer.
    Cut,
    /// It answers a page.
    Html,
    /// It is overloaded.
    Unavailable,
    /// It goes on and on.
    Endless,
    /// It answers 100,000 series.
    Crowd,
}

const SOUND: [Case; 5] = [
    Case::Number,
    Case::Failed,
    Case::Witnessed,
    Case::Silent,
    Case::Waiting,
];
const FAULTS: [Case; 6] = [
    Case::Stall,
    Case::Cut,
    Case::Html,
    Case::Unavailable,
    Case::Endless,
    Case::Crowd,
];

static CROWD: LazyLock<String> = LazyLock::new(|| {
    let series: Vec<_> = (0..100_000)
        .map(|n| format!(r#"{{"metric":{{"n":"{n}"}},"value":[1,"{n}"]}}"#))
        .collect();
    vector(&series.join(","))
});

fn vector(result: &str) -> String {
    format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{result}]}}}}"#)
}

impl Case {
    /// Of the measurement of this number: each tenth has a fault.
    pub(crate) fn of(number: usize) -> Self {
        if number % 10 == 9 {
            FAULTS[number / 10 % FAULTS.len()]
        } else {
            SOUND[number % SOUND.len()]
        }
    }

    /// The first phase, and the value where it is asked about.
    pub(crate) fn expected(self, number: usize) -> (Phase, Option<String>) {
        match self {
            Case::Number => (Phase::Successful, Some(format!("[{number}]"))),
            Case::Failed => (Phase::Failed, Some(format!("[{number}]"))),
            Case::Witnessed => (Phase::Successful, Some("[0]".to_owned())),
            Case::Silent => (Phase::Inconclusive, Some("[0]".to_owned())),
            Case::Waiting => (Phase::Running, Some("[0]".to_owned())),
            _ => (Phase::Error, None),
        }
    }

    /// The metric that is measured, once.
    pub(crate) fn metric(self, number: usize, address: &str) -> Metric {
        let selector = format!("sum(soak{{case=\"{self:?}\",n=\"{number}\"}})");
        let (query, condition) = match self {
            Case::Number => (selector, format!("result[0] == {number}")),
            Case::Failed => (selector, format!("result[0] != {number}")),
            _ => (
                format!("{selector} or vector(0)"),
                "result[0] == 0".to_owned(),
            ),
        };
        let no_data = match self {
            Case::Silent => "inconclusive",
            Case::Waiting => "wait",
            // So that a server without an answer is told of at once.
            _ => "error",
        };
        // A second is long for a loopback server, and what each stalled measurement costs.
        let settings = json!({"address": address, "query": query, "noData": no_data, "timeout": 1});
        Metric {
            name: format!("m{number}"),
            success_condition: condition,
            plugins: vec![(
                "promql-guard/promql-guard".to_owned(),
                settings.to_string().into_bytes(),
            )],
            ..Metric::default()
        }
    }

    /// The server's answer to a request.
    pub(crate) fn answer(request: &Request) -> Reply {
        let query = request.field("query").unwrap_or_default();
        let text_of = |label: &str| {
            let (_, rest) = query.split_once(&format!("{label}=\""))?;
            rest.split_once('"').map(|(text, _)| text)
        };
        // What is asked beside the query has its parts named.
        let is_beside = query.contains("__part__");
        let number = text_of("n").unwrap_or_default();
        let one = |value: &str| vector(&format!(r#"{{"metric":{{}},"value":[1,"{value}"]}}"#));
        match text_of("case").unwrap_or_default() {
            "Number" | "Failed" => Reply::json(one(number)),
            "Witnessed" if is_beside => {
                Reply::json(vector(r#"{"metric":{"__part__":"w"},"value":[1,"1"]}"#))
            }
            "Silent" | "Waiting" if is_beside => Reply::json(vector("")),
            "Witnessed" | "Silent" | "Waiting" => Reply::json(one("0")),
            "Stall" => Reply::stall_after("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
            "Cut" => Reply::close_after("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
            "Html" => Reply::new(200, &[("Content-Type", "text/html")], "<html>log in</html>"),
            "Unavailable" => Reply::new(503, &[], "overloaded"),
            "Endless" => Reply::endless(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n",
                vec![b' '; 1 << 16],
            ),
            "Crowd" => Reply::json(&*CROWD),
            // A look-up of names or values, when the cause of no data is asked.
            _ => Reply::json(r#"{"status":"success","data":[]}"#),
        }
    }
}
