use std::sync::Arc;

use super::super::field::Source;
use super::super::tree::{Content, Mapping, Node};
use super::super::yaml::{self, Document};
use super::SAMPLE;
use crate::analysis::template::Field;
use crate::text::place::Style;
use crate::text::span::Span;

/// Every scalar of the first document, in an order that no edit changes.
fn scalars(node: &Arc<Node>, found: &mut Vec<Arc<Node>>) {
    match &node.content {
        Content::Scalar(_) => found.push(Arc::clone(node)),
        Content::Sequence(items) => items.iter().for_each(|item| scalars(&item.node, found)),
        Content::Mapping(mapping) => mapping.entries.iter().for_each(|entry| {
            scalars(&entry.key, found);
            scalars(&entry.value, found);
        }),
    }
}

fn mappings(node: &Arc<Node>, found: &mut Vec<Arc<Node>>) {
    match &node.content {
        Content::Scalar(_) => {}
        Content::Sequence(items) => items.iter().for_each(|item| mappings(&item.node, found)),
        Content::Mapping(mapping) => {
            found.push(Arc::clone(node));
            mapping
                .entries
                .iter()
                .for_each(|entry| mappings(&entry.value, found));
        }
    }
}

fn document(text: &str) -> Document {
    let first = yaml::documents(text).into_iter().next();
    first.expect("a document").expect("YAML")
}

/// Texts and kinds of all scalars.
fn values(text: &str) -> Vec<String> {
    let document = document(text);
    let mut found = Vec::new();
    scalars(&document.root, &mut found);
    found
        .iter()
        .map(|node| {
            let scalar = node.scalar().expect("a scalar");
            format!(
                "{:?} {}",
                std::mem::discriminant(&scalar.meaning()),
                scalar.text
            )
        })
        .collect()
}

fn applied(text: &str, edits: &[(Span, String)]) -> String {
    let mut text = text.to_owned();
    for (span, new) in edits.iter().rev() {
        text.replace_range(span.range(), new);
    }
    text
}

fn fields(text: &str) -> Vec<Field> {
    let document = document(text);
    let source = Source {
        file: 0,
        text,
        document: &document,
    };
    let mut found = Vec::new();
    scalars(&document.root, &mut found);
    found.iter().map(|node| source.node(node)).collect()
}

/// The file in the forms in which it could lie on a disk.
fn forms() -> [String; 3] {
    let bare = SAMPLE.replace(": &hash", ":").replace("*hash", "x");
    [bare.replace('\n', "\r\n"), bare, SAMPLE.to_owned()]
}

const NEW: [&str; 16] = [
    "",
    "x",
    "\"",
    "'",
    "\\",
    " ",
    "#",
    " #",
    ": ",
    "\n",
    "\n\n",
    "{a=\"b\"}",
    "5",
    "é",
    "- ",
    "\t",
];

fn spans(text: &str) -> Vec<Span> {
    let bounds: Vec<usize> = (0..=text.len())
        .filter(|at| text.is_char_boundary(*at))
        .collect();
    let mut spans = Vec::new();
    for (index, start) in bounds.iter().enumerate() {
        for length in [0, 1, 2, 5, 17, 40, bounds.len() - 1 - index] {
            spans.extend(
                bounds
                    .get(index + length)
                    .map(|end| Span::new(*start, *end)),
            );
        }
    }
    spans.dedup();
    spans
}

#[test]
fn an_edit_of_the_text_is_that_edit_of_the_file_and_no_other() {
    let (mut done, mut refused) = (0, 0);
    for text in forms() {
        let (ok, no) = try_edits(&text);
        done += ok;
        refused += no;
    }
    assert!(done > 3 * refused / 2, "{done} done, {refused} refused");
}

/// How many edits were done, each as it should be, and how many refused.
fn try_edits(text: &str) -> (usize, usize) {
    let (mut done, mut refused) = (0, 0);
    let before = values(text);
    for (index, field) in fields(text).iter().enumerate() {
        // Long ones in steps, or this takes a minute.
        let spans = spans(&field.text);
        let step = spans.len() / 60 + 1;
        for (turn, span) in spans
            .into_iter()
            .enumerate()
            .filter(|(turn, _)| turn % step == 0)
        {
            let new = NEW[(turn / step + index) % NEW.len()];
            let Some(edits) = field.place.edit(span, new) else {
                refused += 1;
                continue;
            };
            done += 1;
            let after = applied(text, &edits);
            let mut wanted = before.clone();
            let kind = before[index].split_once(") ").expect("a kind").0.to_owned();
            let mut changed = field.text.clone();
            changed.replace_range(span.range(), new);
            wanted[index] = format!("{kind}) {changed}");
            assert_eq!(
                values(&after),
                wanted,
                "{span:?} {new:?} in {:?}",
                field.text
            );
        }
    }
    (done, refused)
}

#[test]
fn bytes_of_a_text_are_found_in_the_file() {
    for text in forms() {
        for field in fields(&text) {
            assert!(
                field.text.is_empty() || field.place.layout.style != Style::None,
                "{:?}",
                field.text
            );
            for (at, c) in field.text.char_indices() {
                let span = Span::new(at, at + c.len_utf8());
                let found = field.place.file_span(span).of(&text);
                let is_it = match c {
                    ' ' => found == " " || found.trim().is_empty() && found.contains('\n'),
                    '\n' => found.trim().is_empty(),
                    '\'' => found == "'" || found == "''",
                    '"' => found == "\"" || found == "\\\"",
                    'r' => found == "r" || found == "\\u0072",
                    c => found.chars().eq([c]),
                };
                assert!(is_it, "{c:?} found as {found:?} in {:?}", field.text);
            }
        }
    }
}

#[test]
fn a_removal_drops_one_entry_and_nothing_else() {
    let removed: usize = forms().iter().map(|text| try_removals(text)).sum();
    assert!(removed > 100, "{removed}");
}

/// How many entries can be dropped, each as it should be.
fn try_removals(text: &str) -> usize {
    let mut removed = 0;
    let document = document(text);
    let source = Source {
        file: 0,
        text,
        document: &document,
    };
    let mut found = Vec::new();
    mappings(&document.root, &mut found);
    for node in &found {
        let mapping: &Mapping = node.mapping().expect("an object");
        for index in 0..mapping.entries.len() {
            let Some(span) = source.value(mapping, index).place.removal else {
                continue;
            };
            removed += 1;
            let after = applied(text, &[(span, String::new())]);
            let name = &mapping.entries[index].name;
            let mut wanted = values(text);
            let first = {
                let mut all = Vec::new();
                scalars(&document.root, &mut all);
                all.iter()
                    .position(|other| Arc::ptr_eq(other, &mapping.entries[index].key))
                    .expect("the key")
            };
            let mut inside = Vec::new();
            scalars(&mapping.entries[index].value, &mut inside);
            wanted.drain(first..first + 1 + inside.len());
            assert_eq!(values(&after), wanted, "{name}");
            assert_eq!(after.len() + span.end - span.start, text.len());
        }
    }
    removed
}

#[test]
fn what_an_alias_reads_too_is_not_edited() {
    let text = "a: &x up\nb: *x\nc: &y down\n";
    let fields = fields(text);
    let edits: Vec<_> = fields
        .iter()
        .map(|field| field.place.edit(Span::new(0, 1), "z").is_some())
        .collect();
    assert_eq!(edits, [true, false, true, false, true, true]);
    assert_eq!(fields[3].place.file_span(Span::new(0, 1)), Span::new(6, 7));
}

#[test]
fn edits_are_written_in_the_scalars_style() {
    for (text, find, new, after) in [
        ("a: up", "u", "U", "a: Up"),
        ("a: 'up'", "u", "it's", "a: 'it''sp'"),
        (r#"a: "u\"p""#, "\"", "\\\n", r#"a: "u\\\np""#),
        (
            "a: |\n  up\n  down\n",
            "\n",
            "\n\nx\n",
            "a: |\n  up\n\n  x\n  down\n",
        ),
        ("a: |\n  up\n  down\n", "up\n", "", "a: |\n  down\n"),
        ("a: >\n  up\n  down\n", "p d", "-", "a: >\n  u-own\n"),
        ("a: up\n  down\n", "p d", "-", "a: u-own\n"),
        (r#"{"a": "up"}"#, "u", "\u{7}", r#"{"a": "\u0007p"}"#),
    ] {
        let all = fields(text);
        let field = &all[1];
        let at = field.text.find(find).expect("it is there");
        let edits = field.place.edit(Span::new(at, at + find.len()), new);
        let edited = edits.map(|edits| applied(text, &edits));
        assert_eq!(edited.as_deref(), Some(after), "{text}");
    }
    for (text, find, new) in [
        ("a: up", "p", ": "),
        ("a: up", "p", " #"),
        ("a: up", "up", "5"),
        ("a: up", "up", "yes"),
        ("a: 5", "5", "x"),
        ("a: up", "u", "{"),
        ("a: up", "p", "\n"),
        ("a: [up]", "p", ","),
        ("a: 'up'", "p", "\n"),
        ("a: >\n  up\n", "p", "\n"),
        ("a: |\n  up\n", "u", " u"),
        ("a: |\n  up\n", "\n", ""),
        ("a: |\n  up\n", "up", ""),
    ] {
        let all = fields(text);
        let field = &all[1];
        let at = field.text.find(find).expect("it is there");
        let edits = field.place.edit(Span::new(at, at + find.len()), new);
        assert_eq!(edits, None, "{text} with {new:?}");
    }
}
