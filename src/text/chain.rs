//! An error and its causes into one line: each layer prints only itself, joined with `: `.

use std::error::Error;

/// Joins `error` and its sources with `: `, outermost first, and folds line breaks and control characters into spaces.
///
/// A layer whose text is already the end of the line so far (libraries that print their cause too) is told once.
pub fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !line.ends_with(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        source = cause.source();
    }
    one_line(&line)
}

/// Folds each run of white space and control characters into one space.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
    {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// The longest beginning of `text` of at most `limit` bytes; where something is cut, the end is `…` (counted).
pub fn bounded(text: &str, limit: usize) -> String {
    const CUT: &str = "…";
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut end = limit.saturating_sub(CUT.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{CUT}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Layer {
        text: &'static str,
        source: Option<Box<Layer>>,
    }

    fn layers(texts: &[&'static str]) -> Layer {
        let (text, rest) = texts.split_first().expect("a layer");
        Layer {
            text,
            source: (!rest.is_empty()).then(|| Box::new(layers(rest))),
        }
    }

    #[test]
    fn each_layer_is_told_once_on_one_line() {
        for (texts, line) in [
            (
                &["query", "connect", "refused"][..],
                "query: connect: refused",
            ),
            (&["query: refused", "refused"], "query: refused"),
            (&["a\n\tb", "c\u{7}d"], "a b: c d"),
        ] {
            assert_eq!(chain(&layers(texts)), line);
        }
    }

    #[test]
    fn a_bound_cuts_on_a_character() {
        assert_eq!(bounded("abc", 3), "abc");
        assert_eq!(bounded("abcdef", 5), "ab…");
        assert_eq!(bounded("aéééé", 6), "aé…");
        assert_eq!(bounded("abcdef", 1), "…");
    }
}
