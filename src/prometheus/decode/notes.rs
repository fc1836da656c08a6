//! Warnings or infos into the first of them: a body of nothing else would be millions of texts.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

/// As many as anybody reads; a measurement has room for some twenty.
const KEPT: usize = 100;

/// The first texts of a list of texts.
pub(super) struct Notes(pub(super) Vec<String>);

/// A text that is only looked at.
struct Ignored;

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Ignored;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E: de::Error>(self, _: &str) -> Result<Ignored, E> {
                Ok(Ignored)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

impl<'de> Deserialize<'de> for Notes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;

        impl<'de> Visitor<'de> for Texts {
            type Value = Notes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<Notes, A::Error> {
                let mut kept = Vec::new();
                while kept.len() < KEPT {
                    match texts.next_element()? {
                        Some(text) => kept.push(text),
                        None => return Ok(Notes(kept)),
                    }
                }
                while texts.next_element::<Ignored>()?.is_some() {}
                Ok(Notes(kept))
            }
        }

        deserializer.deserialize_seq(Texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_kept_and_all_must_be_texts() {
        let list = |count: usize, last: &str| {
            let text = format!("[{}{last}]", "\"a\",".repeat(count));
            serde_json::from_str::<Notes>(&text)
                .map(|notes| notes.0.len())
                .ok()
        };
        for (count, last, kept) in [
            (0, "", Some(0)),
            (0, "\"b\"", Some(1)),
            (99, "\"b\"", Some(100)),
            (100_000, "\"b\"", Some(100)),
            (100_000, "7", None),
            (5, "null", None),
        ] {
            assert_eq!(list(count, last), kept, "{count} {last}");
        }
    }
}
