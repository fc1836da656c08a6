//! Streams that Go would not write: each must end in an error or wait for more, within the limits.

use super::*;
use crate::gob::wire::{put_int, put_uint};

/// Cut and changed streams of this length are tried at every byte, longer ones at some.
const SMALL: usize = 2048;

#[test]
fn a_cut_stream_gives_the_values_before_the_cut() {
    for name in RECORDED {
        let stream = recorded(&format!("{name}.gob"));
        let (whole, _) = decode(&stream, stream.len(), Limits::default());
        let step = if stream.len() > SMALL { 997 } else { 1 };
        for end in (0..stream.len()).step_by(step) {
            let (values, error) = decode(&stream[..end], end, Limits::default());
            assert_eq!(error, None, "{name} to {end}");
            assert_eq!(
                text(&values),
                text(&whole[..values.len()]),
                "{name} to {end}"
            );
            assert!(values.len() < whole.len(), "{name} to {end}");
        }
    }
}

/// Small limits, so that a lie about a length would be seen as a refusal, not as memory.
#[test]
fn a_changed_byte_ends_in_a_value_an_error_or_waiting() {
    let limits = Limits {
        message: 64 << 10,
        value: 128 << 10,
        depth: 20,
        types: 400,
        fields: 4000,
        elements: 4000,
    };
    for name in RECORDED {
        let stream = recorded(&format!("{name}.gob"));
        // Every byte value where that takes no time; else all single bits and some bytes.
        let (places, bytes): (usize, Vec<u8>) = match stream.len() {
            0..200 => (1, (0..=255).collect()),
            200..SMALL => (1, vec![0, 0xff]),
            _ => (997, vec![0, 0xf8]),
        };
        let mut changed = stream.clone();
        for place in (0..stream.len()).step_by(places) {
            let bits = (0..8).map(|bit| stream[place] ^ 1 << bit);
            for byte in bits.chain(bytes.iter().copied()) {
                changed[place] = byte;
                decode(&changed, changed.len(), limits.clone());
            }
            changed[place] = stream[place];
        }
    }
}

#[test]
fn an_error_stays() {
    let mut decoder = Decoder::new(Limits::default());
    decoder.feed(&[3, 4, 1, 0]);
    let error = Err(DecodeError::NoSingleton(1));
    assert_eq!(decoder.next(), error);
    decoder.feed(&[3, 4, 0, 0]);
    assert_eq!(decoder.next(), error);
}

fn message(parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut out = Vec::new();
    put_uint(&mut out, body.len() as u64);
    out.extend(body);
    out
}

fn int(value: i64) -> Vec<u8> {
    let mut out = Vec::new();
    put_int(&mut out, value);
    out
}

fn uint(value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    put_uint(&mut out, value);
    out
}

/// `type number []element`
fn slice(number: i64, element: i64) -> Vec<u8> {
    message(&[&int(-number), &[2, 1, 0, 1], &int(element), &[0, 0]])
}

/// `type number [length]element`
fn array(number: i64, element: i64, length: i64) -> Vec<u8> {
    message(&[
        &int(-number),
        &[1, 1, 0, 1],
        &int(element),
        &[1],
        &int(length),
        &[0, 0],
    ])
}

/// `type number struct { F field … }`
fn structure(number: i64, fields: &[i64]) -> Vec<u8> {
    let mut body = int(-number);
    body.extend([3, 1, 0, 1]);
    body.extend(uint(fields.len() as u64));
    for field in fields {
        body.extend([1, 1, b'F', 1]);
        body.extend(int(*field));
        body.push(0);
    }
    body.extend([0, 0]);
    message(&[&body])
}

/// `type number map[string]element`
fn map(number: i64, element: i64) -> Vec<u8> {
    message(&[
        &int(-number),
        &[4, 1, 0, 1],
        &int(6),
        &[1],
        &int(element),
        &[0, 0],
    ])
}

fn value(number: i64, bytes: &[u8]) -> Vec<u8> {
    message(&[&int(number), bytes])
}

#[test]
fn refusals() {
    let gibi = uint(1 << 30);
    let tall: Vec<u8> = [&[0][..], &[1; 200]].concat();
    let cases: Vec<(&str, Vec<Vec<u8>>, DecodeError)> = vec![
        (
            "a message beyond the limit",
            vec![uint(1 << 40)],
            DecodeError::MessageTooLong {
                length: 1 << 40,
                limit: 32 << 20,
            },
        ),
        (
            "an integer too wide",
            vec![vec![0xf0]],
            DecodeError::Integer(16),
        ),
        ("an empty message", vec![vec![0]], DecodeError::Truncated),
        ("no value", vec![value(4, &[])], DecodeError::Truncated),
        (
            "bytes after the value",
            vec![value(2, &[0, 2, 9, 9])],
            DecodeError::Trailing(2),
        ),
        (
            "a struct without mark",
            vec![value(2, &[1, 2])],
            DecodeError::NoSingleton(1),
        ),
        ("type 0", vec![value(0, &[0])], DecodeError::UnknownType(0)),
        (
            "a reserved type",
            vec![value(9, &[0])],
            DecodeError::UnknownType(9),
        ),
        (
            "an unknown type",
            vec![value(70, &[0])],
            DecodeError::UnknownType(70),
        ),
        (
            "the lowest number",
            vec![message(&[&int(i64::MIN)])],
            DecodeError::UnknownType(i64::MIN),
        ),
        (
            "a predefined type",
            vec![slice(6, 2)],
            DecodeError::ReservedType(6),
        ),
        (
            "a second definition",
            vec![slice(64, 2), slice(64, 2)],
            DecodeError::DuplicateType(64),
        ),
        (
            "a definition of nothing",
            vec![message(&[&int(-64), &[0]])],
            DecodeError::Definition,
        ),
        (
            "a field without a name",
            vec![message(&[&int(-64), &[3, 1, 0, 1, 1, 2, 4, 0, 0, 0]])],
            DecodeError::Definition,
        ),
        (
            "a field with an endless name",
            vec![message(&[
                &int(-64),
                &[3, 1, 0, 1, 1, 1],
                &uint(1025),
                &[b'F'; 1025],
                &[1, 4, 0, 0, 0],
            ])],
            DecodeError::Definition,
        ),
        (
            "a definition with more after it",
            vec![message(&[&int(-64), &[5, 0, 0, 7]])],
            DecodeError::Trailing(1),
        ),
        (
            "a part that is not defined",
            vec![slice(64, 65), value(64, &[0, 1, 0])],
            DecodeError::UndefinedPart,
        ),
        (
            "a part of type -1",
            vec![slice(64, -1)],
            DecodeError::UnknownType(-1),
        ),
        (
            "a negative array",
            vec![array(64, 2, -1)],
            DecodeError::Definition,
        ),
        (
            "an array of another length",
            vec![array(64, 2, 3), value(64, &[0, 2, 0, 0])],
            DecodeError::ArrayLength {
                found: 2,
                expected: 3,
            },
        ),
        (
            "a field beyond the last",
            vec![structure(64, &[2]), value(64, &[2, 0, 0])],
            DecodeError::NoSuchField { fields: 1 },
        ),
        (
            "a field number that overflows",
            vec![
                structure(64, &[2]),
                value(64, &[&[1, 0][..], &uint(u64::MAX), &[0]].concat()),
            ],
            DecodeError::NoSuchField { fields: 1 },
        ),
        (
            "a string beyond the message",
            vec![value(6, &[&[0][..], &gibi].concat())],
            DecodeError::Count {
                count: 1 << 30,
                left: 0,
            },
        ),
        (
            "a list beyond the message",
            vec![
                slice(64, 2),
                value(64, &[&[0][..], &gibi, &[0, 0]].concat()),
            ],
            DecodeError::Count {
                count: 1 << 30,
                left: 2,
            },
        ),
        (
            "a list of empty structs beyond the limit",
            vec![
                structure(65, &[]),
                slice(64, 65),
                value(64, &[&[0][..], &gibi].concat()),
            ],
            DecodeError::TooManyElements,
        ),
        (
            "a list of interfaces beyond the limit",
            vec![
                slice(64, 8),
                value(64, &[&[0][..], &uint(u64::MAX)].concat()),
            ],
            DecodeError::TooManyElements,
        ),
        (
            "a map whose pairs overflow",
            vec![map(64, 8), value(64, &[&[0][..], &uint(u64::MAX)].concat())],
            DecodeError::TooManyElements,
        ),
        (
            "a list of lists without end",
            vec![slice(64, 64), value(64, &tall)],
            DecodeError::TooDeep(100),
        ),
        (
            "a struct in a struct without end",
            vec![structure(64, &[64]), value(64, &[1; 200])],
            DecodeError::TooDeep(100),
        ),
        (
            "a struct of too many fields",
            vec![structure(64, &[2; 40_000])],
            DecodeError::TooManyFields,
        ),
        (
            "too many fields in all",
            (0..10).map(|n| structure(64 + n, &[2; 4000])).collect(),
            DecodeError::TooManyFields,
        ),
        (
            "too many types",
            (0..5000).map(|n| slice(64 + n, 2)).collect(),
            DecodeError::TooManyTypes,
        ),
    ];
    for (case, messages, expected) in cases {
        for feed in [1, usize::MAX] {
            let (_, error) = decode(&messages.concat(), feed, Limits::default());
            assert_eq!(error, Some(expected.clone()), "{case}");
        }
    }
}

/// One value may take many messages, but not without end.
#[test]
fn messages_of_one_value_are_bounded_together() {
    let limits = Limits {
        value: 1000,
        ..Limits::default()
    };
    let definitions: Vec<_> = (0..200).map(|n| slice(64 + n, 2)).collect();
    let (_, error) = decode(&definitions.concat(), usize::MAX, limits.clone());
    assert_eq!(error, Some(DecodeError::ValueTooLong(1000)));

    // Each value counts from the beginning.
    let (values, error) = decode(&value(2, &[0, 2]).repeat(1000), 100, limits);
    assert_eq!((values.len(), error), (1000, None));
}
