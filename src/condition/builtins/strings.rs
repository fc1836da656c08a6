//! Strings, which are bytes as in Go.

use std::sync::Arc;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

use super::{ANY, Builtin, Context, Signature, TEXT, TWO_TEXTS, argument, text};
use crate::condition::budget::{Fault, Ran};
use crate::condition::print;
use crate::condition::run::index_of;
use crate::condition::types::Type;
use crate::condition::value::{Items, List, Value};

const TEXT_INT: &[Type] = &[Type::Text, Type::Int];
const TWO_TEXTS_INT: &[Type] = &[Type::Text, Type::Text, Type::Int];
const THREE_TEXTS: &[Type] = &[Type::Text, Type::Text, Type::Text];
const THREE_TEXTS_INT: &[Type] = &[Type::Text, Type::Text, Type::Text, Type::Int];
const TEXTS_TEXT: &[Type] = &[Type::Texts, Type::Text];
const TEXTS: &[Type] = &[Type::Texts];
const LIST_TEXT: &[Type] = &[Type::List(None), Type::Text];
const LIST: &[Type] = &[Type::List(None)];

type Overloads = &'static [(&'static [Type], Type)];

const ONE_TO_TEXT: Overloads = &[(TEXT, Type::Text)];
const ONE_OR_TWO_TO_TEXT: Overloads = &[(TEXT, Type::Text), (TWO_TEXTS, Type::Text)];
const SPLIT: Overloads = &[(TWO_TEXTS, Type::Texts), (TWO_TEXTS_INT, Type::Texts)];
const TWO_TO_INT: Overloads = &[(TWO_TEXTS, Type::Int)];
const TWO_TO_BOOL: Overloads = &[(TWO_TEXTS, Type::Bool)];

const fn of(
    name: &'static str,
    overloads: Overloads,
    run: fn(&mut Context, &[Value]) -> Ran<Value>,
) -> Builtin {
    Builtin {
        name,
        signature: Signature::Overloads(overloads),
        run,
    }
}

pub(super) const TABLE: &[Builtin] = &[
    of("string", &[(ANY, Type::Text)], |context, a| {
        print::plain(argument(a, 0), &mut context.budget).map(Value::text)
    }),
    of("trim", ONE_OR_TWO_TO_TEXT, trim),
    of("trimPrefix", ONE_OR_TWO_TO_TEXT, |_, a| {
        let (all, part) = (text(a, 0)?, affix(a)?);
        Ok(Value::text(all.strip_prefix(part).unwrap_or(all)))
    }),
    of("trimSuffix", ONE_OR_TWO_TO_TEXT, |_, a| {
        let (all, part) = (text(a, 0)?, affix(a)?);
        Ok(Value::text(all.strip_suffix(part).unwrap_or(all)))
    }),
    of("upper", ONE_TO_TEXT, |context, a| mapped(context, a, upper)),
    of("lower", ONE_TO_TEXT, |context, a| mapped(context, a, lower)),
    of("split", SPLIT, |context, a| split(context, a, false)),
    of("splitAfter", SPLIT, |context, a| split(context, a, true)),
    of(
        "replace",
        &[(THREE_TEXTS_INT, Type::Text), (THREE_TEXTS, Type::Text)],
        replace,
    ),
    of("repeat", &[(TEXT_INT, Type::Text)], repeat),
    of(
        "join",
        &[
            (TEXTS_TEXT, Type::Text),
            (LIST_TEXT, Type::Text),
            (LIST, Type::Text),
            (TEXTS, Type::Text),
        ],
        join,
    ),
    of("indexOf", TWO_TO_INT, |context, a| {
        let (all, part) = (text(a, 0)?, text(a, 1)?);
        context.budget.steps((all.len() + part.len()) / 64)?;
        Ok(Value::Int(find(all, part).map_or(-1, |at| at as i64)))
    }),
    of("lastIndexOf", TWO_TO_INT, |context, a| {
        let (all, part) = (text(a, 0)?, text(a, 1)?);
        context.budget.steps((all.len() + part.len()) / 64)?;
        let at = memchr::memmem::rfind(all, part);
        Ok(Value::Int(at.map_or(-1, |at| at as i64)))
    }),
    of("hasPrefix", TWO_TO_BOOL, |_, a| {
        Ok(Value::Bool(text(a, 0)?.starts_with(text(a, 1)?)))
    }),
    of("hasSuffix", TWO_TO_BOOL, |_, a| {
        Ok(Value::Bool(text(a, 0)?.ends_with(text(a, 1)?)))
    }),
    of("toJSON", &[(ANY, Type::Text)], |context, a| {
        print::json(argument(a, 0), &mut context.budget).map(Value::text)
    }),
    of("fromJSON", &[(TEXT, Type::Any)], |context, a| {
        let text = text(a, 0)?;
        context.budget.bytes(text.len().saturating_mul(16))?;
        let text = String::from_utf8_lossy(text);
        let json: serde_json::Value = serde_json::from_str(&text)
            .map_err(|error| Fault::new(format!("invalid JSON: {error}")))?;
        crate::condition::convert::json(&json)
    }),
    of("toBase64", ONE_TO_TEXT, |context, a| {
        let text = text(a, 0)?;
        context.budget.bytes(text.len() / 3 * 4 + 4)?;
        Ok(Value::text(BASE64.encode(text)))
    }),
    of("fromBase64", ONE_TO_TEXT, |context, a| {
        let text = text(a, 0)?;
        context.budget.bytes(text.len())?;
        let digits: Vec<u8> = text
            .iter()
            .copied()
            .filter(|b| !b"\r\n".contains(b))
            .collect();
        BASE64
            .decode(digits)
            .map(Value::text)
            .map_err(|error| Fault::new(format!("illegal base64 data: {error}")))
    }),
];

/// Go's standard encoding: padded, and not strict about the last bits.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// Go's runes: characters and their bytes, one a byte where the text is no UTF-8 (then U+FFFD).
pub(in crate::condition) fn runes(text: &[u8]) -> impl Iterator<Item = (char, &[u8])> {
    text.utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid();
        let good = valid
            .char_indices()
            .map(move |(at, c)| (c, &valid.as_bytes()[at..at + c.len_utf8()]));
        let bad = chunk
            .invalid()
            .chunks(1)
            .map(|b| (char::REPLACEMENT_CHARACTER, b));
        good.chain(bad)
    })
}

/// The bytes of the first rune; none of nothing.
fn first_rune(text: &[u8]) -> &[u8] {
    let start = &text[..text.len().min(4)];
    let length = runes(start).next().map_or(0, |(_, bytes)| bytes.len());
    &text[..length]
}

/// The bytes of the last rune; none of nothing.
fn last_rune(text: &[u8]) -> &[u8] {
    let from = text.len().saturating_sub(4);
    let length = (from..text.len())
        .find(|at| std::str::from_utf8(&text[*at..]).is_ok_and(|s| s.chars().count() == 1))
        .map_or(text.len().min(1), |at| text.len() - at);
    &text[text.len() - length..]
}

fn char_of(rune: &[u8]) -> char {
    runes(rune)
        .next()
        .map_or(char::REPLACEMENT_CHARACTER, |(c, _)| c)
}

/// Where `part` first stands in `text`.
pub(in crate::condition) fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, part)
}

/// What `trimPrefix` and `trimSuffix` take off: a space where nothing is said.
fn affix(arguments: &[Value]) -> Ran<&[u8]> {
    if arguments.len() == 2 {
        text(arguments, 1)
    } else {
        Ok(b" ")
    }
}

fn trim(context: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let all = text(arguments, 0)?;
    let set: Option<Vec<char>> = match arguments.len() {
        1 => None,
        _ => Some(runes(text(arguments, 1)?).map(|(c, _)| c).collect()),
    };
    let cut = |c: char| match &set {
        Some(set) => set.contains(&c),
        None => c.is_whitespace(),
    };
    context
        .budget
        .steps(all.len().saturating_mul(set.as_ref().map_or(1, Vec::len)) / 16)?;
    let mut kept = all;
    loop {
        let rune = first_rune(kept);
        if rune.is_empty() || !cut(char_of(rune)) {
            break;
        }
        kept = &kept[rune.len()..];
    }
    loop {
        let rune = last_rune(kept);
        if rune.is_empty() || !cut(char_of(rune)) {
            return Ok(Value::text(kept));
        }
        kept = &kept[..kept.len() - rune.len()];
    }
}

/// Go maps single characters to single characters: no `ß` to `SS`.
fn upper(c: char) -> char {
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next(), c) {
        (Some(mapped), None, _) => mapped,
        (_, _, '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}') => {
            char::from_u32(u32::from(c) + 8).unwrap_or(c)
        }
        (_, _, '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}') => {
            char::from_u32(u32::from(c) + 9).unwrap_or(c)
        }
        _ => c,
    }
}

fn lower(c: char) -> char {
    let mut mapped = c.to_lowercase();
    match (mapped.next(), mapped.next()) {
        (Some(mapped), None) => mapped,
        // The dotted capital I.
        (Some(mapped), _) => mapped,
        _ => c,
    }
}

fn mapped(context: &mut Context, arguments: &[Value], map: fn(char) -> char) -> Ran<Value> {
    let all = text(arguments, 0)?;
    context.budget.bytes(all.len().saturating_mul(3))?;
    let mapped: String = runes(all).map(|(c, _)| map(c)).collect();
    Ok(Value::text(mapped))
}

/// Go's `SplitN` and `SplitAfterN`; without a count, or below zero, all parts.
fn split(context: &mut Context, arguments: &[Value], keep: bool) -> Ran<Value> {
    let (all, separator) = (text(arguments, 0)?, text(arguments, 1)?);
    let most = match arguments.get(2) {
        None => usize::MAX,
        Some(count) => match index_of(count)? {
            0 => return Ok(List::nil(Items::Texts(Vec::new()))),
            count => usize::try_from(count).unwrap_or(usize::MAX),
        },
    };
    context.budget.steps(all.len() / 16)?;
    let mut parts: Vec<Arc<[u8]>> = Vec::new();
    let mut rest = all;
    while parts.len() + 1 < most {
        let cut = if separator.is_empty() {
            // Between characters, so none at the end.
            let first = first_rune(rest).len();
            if first >= rest.len() {
                break;
            }
            Some((first, 0))
        } else {
            find(rest, separator).map(|at| (at, separator.len()))
        };
        let Some((at, length)) = cut else {
            break;
        };
        context.budget.list(1)?;
        let end = if keep { at + length } else { at };
        context.budget.bytes(end + 16)?;
        parts.push(rest[..end].into());
        rest = &rest[at + length..];
    }
    if !(separator.is_empty() && rest.is_empty()) {
        context.budget.bytes(rest.len() + 16)?;
        parts.push(rest.into());
    }
    List::value(Items::Texts(parts))
}

fn replace(context: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let (all, old, new) = (
        text(arguments, 0)?,
        text(arguments, 1)?,
        text(arguments, 2)?,
    );
    let most = match arguments.get(3) {
        None => usize::MAX,
        Some(count) => usize::try_from(index_of(count)?).unwrap_or(usize::MAX),
    };
    context.budget.bytes(all.len())?;
    let mut out = Vec::with_capacity(all.len());
    let mut rest = all;
    for done in 0..most {
        let at = if old.is_empty() {
            // Before each character and at the end.
            let step = if done == 0 { 0 } else { first_rune(rest).len() };
            if done > 0 && step == 0 {
                break;
            }
            step
        } else {
            match find(rest, old) {
                Some(at) => at,
                None => break,
            }
        };
        context.budget.steps(1)?;
        context.budget.bytes(new.len())?;
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(new);
        rest = &rest[at + old.len()..];
    }
    out.extend_from_slice(rest);
    Ok(Value::text(out))
}

fn repeat(context: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let all = text(arguments, 0)?;
    let count = index_of(argument(arguments, 1))?;
    let Ok(times) = usize::try_from(count) else {
        return Err(Fault::new(format!(
            "invalid argument for repeat (expected positive integer, got {count})"
        )));
    };
    if times > 1_000_000 {
        return Err(Fault::new("memory budget exceeded"));
    }
    let length = all.len().saturating_mul(times);
    context.budget.elements(length)?;
    context.budget.bytes(length)?;
    Ok(Value::text(all.repeat(times)))
}

fn join(context: &mut Context, arguments: &[Value]) -> Ran<Value> {
    let glue = match arguments.len() {
        2 => text(arguments, 1)?,
        _ => b"",
    };
    let list = match argument(arguments, 0) {
        Value::List(list) if matches!(list.items, Items::Any(_) | Items::Texts(_)) => list,
        other => return Err(super::wrong_type("join", other)),
    };
    let mut out = Vec::new();
    for index in 0..list.len() {
        context.budget.steps(1)?;
        if index > 0 {
            context.budget.bytes(glue.len())?;
            out.extend_from_slice(glue);
        }
        let part = list.item(index);
        let part = text(std::slice::from_ref(&part), 0)?.to_vec();
        context.budget.bytes(part.len())?;
        out.extend(part);
    }
    Ok(Value::text(out))
}
