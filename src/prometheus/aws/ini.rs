//! The text of a shared AWS file (`~/.aws/config`, `~/.aws/credentials`) into its sections.
//!
//! The form is AWS's own (AWS SDKs and Tools Reference Guide, "Shared config and credentials files"): `[section]`, then
//! `key = value`; whole lines after `#` or `;`, ends of lines after those with white space before them; keys in any case;
//! indented lines below a key without value are its sub-settings, of which none matters here.

use std::collections::BTreeMap;

/// Section names as they are between the brackets, in order of names; the last of equal keys counts.
pub(super) type Sections = BTreeMap<String, BTreeMap<String, String>>;

/// A line that is neither section, setting, comment nor blank. Its text is not told: it may hold a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: expected `[section]` or `key = value`")]
pub struct IniError {
    /// Counted from 1.
    pub line: usize,
}

/// Reads a whole file.
pub(super) fn parse(text: &str) -> Result<Sections, IniError> {
    let mut sections = Sections::new();
    let mut section: Option<String> = None;
    let mut above_has_subsettings = false;
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let error = IniError { line: index + 1 };
        let indented = line.starts_with([' ', '\t']);
        let line = without_comment(line).trim();
        if line.is_empty() || (indented && above_has_subsettings) {
            continue;
        }
        above_has_subsettings = false;
        if let Some(rest) = line.strip_prefix('[') {
            let (name, _) = rest.split_once(']').ok_or(error)?;
            let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
            sections.entry(name.clone()).or_default();
            section = Some(name);
            continue;
        }
        let (key, value) = line.split_once('=').ok_or(error)?;
        let (key, value) = (key.trim().to_ascii_lowercase(), value.trim().to_owned());
        if key.is_empty() {
            return Err(error);
        }
        above_has_subsettings = value.is_empty();
        // Settings before the first section belong to no profile.
        if let Some(name) = &section {
            sections.entry(name.clone()).or_default().insert(key, value);
        }
    }
    Ok(sections)
}

fn without_comment(line: &str) -> &str {
    let bytes = line.as_bytes();
    let comment = bytes.iter().enumerate().find(|&(at, byte)| {
        matches!(byte, b'#' | b';') && (at == 0 || bytes[at - 1].is_ascii_whitespace())
    });
    comment.map_or(line, |(at, _)| &line[..at])
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test's panic is its failure")]

    use super::*;

    fn flat(text: &str) -> Result<Vec<String>, IniError> {
        let sections = parse(text)?;
        Ok(sections
            .iter()
            .flat_map(|(name, settings)| {
                std::iter::once(format!("[{name}]"))
                    .chain(settings.iter().map(|(key, value)| format!("{key}={value}")))
            })
            .collect())
    }

    #[test]
    fn sections_and_settings() {
        for (text, expected) in [
            ("", &[][..]),
            (
                "[default]\nregion = eu-west-1\n",
                &["[default]", "region=eu-west-1"],
            ),
            ("[default]\r\nRegion=x\r\n", &["[default]", "region=x"]),
            ("\u{feff}[a]\nk=v", &["[a]", "k=v"]),
            (
                "[ profile   a ] ; why\nk = v # why",
                &["[profile a]", "k=v"],
            ),
            ("[a]\nk = a#b;c=d ;e", &["[a]", "k=a#b;c=d"]),
            ("# c\n; c\n[a]\n\n  k = v", &["[a]", "k=v"]),
            (
                "[a]\ns3 =\n  max = 1\n\n  min = 2\nk = v",
                &["[a]", "k=v", "s3="],
            ),
            (
                "[a]\nk = 1\n[b]\nk = 2\n[a]\nk = 3\nl = 4",
                &["[a]", "k=3", "l=4", "[b]", "k=2"],
            ),
            ("k = v\n[a]", &["[a]"]),
        ] {
            assert_eq!(flat(text).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn other_lines_are_refused_by_number_alone() {
        for (text, line) in [
            ("[a]\nwJalrXUtnFEMI", 2),
            ("[a", 1),
            ("[a]\n\n= v", 3),
            ("[a]\n \u{e9}", 2),
        ] {
            assert_eq!(flat(text), Err(IniError { line }), "{text:?}");
        }
        let told = flat("wJalrXUtnFEMI").unwrap_err().to_string();
        assert_eq!(told, "line 1: expected `[section]` or `key = value`");
    }
}
