//! A misspelt word into the nearest known one.

/// Longer words are no misspelt ones, in bytes; the distance of a word of a mebibyte would take seconds.
const LONGEST: usize = 100;

/// The word of `known` that `word` most likely means: at most a third of its letters differ.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > LONGEST {
        return None;
    }
    let folded = word.to_lowercase();
    // Words of other lengths differ by that much at least, and need no measuring.
    let may_be_near =
        |candidate: &&str| folded.len().abs_diff(candidate.len()) <= candidate.len().max(3) / 3;
    known
        .into_iter()
        .filter(may_be_near)
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&folded, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= candidate.len().max(3) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["address", "query", "timeout", "rangeQuery"];
        for (word, found) in [
            ("adress", Some("address")),
            ("Query", Some("query")),
            ("rangequery", Some("rangeQuery")),
            ("time_out", Some("timeout")),
            ("labels", None),
            ("", None),
            (&"query".repeat(1 << 20), None),
        ] {
            assert_eq!(nearest(word, known), found, "{word}");
        }
    }
}
