//! The module against what Go wrote.

use super::decoder::{Decoder, Limits};
use super::value::{Struct, Value};

/// The example of Go's `encoding/gob/doc.go`, its two messages in one feed and byte by byte.
#[test]
fn the_documented_example() {
    let stream = [
        0x1f, 0xff, 0x81, 0x03, 0x01, 0x01, 0x05, 0x50, 0x6f, 0x69, 0x6e, 0x74, 0x01, 0xff, 0x82,
        0x00, 0x01, 0x02, 0x01, 0x01, 0x58, 0x01, 0x04, 0x00, 0x01, 0x01, 0x59, 0x01, 0x04, 0x00,
        0x00, 0x00, 0x07, 0xff, 0x82, 0x01, 0x2c, 0x01, 0x42, 0x00,
    ];
    let point = Value::Struct(Struct::from([("X", Value::Int(22)), ("Y", Value::Int(33))]));
    let mut decoder = Decoder::new(Limits::default());
    decoder.feed(&stream);
    assert_eq!(decoder.next(), Ok(Some(point.clone())));
    assert_eq!(decoder.next(), Ok(None));

    let mut decoder = Decoder::new(Limits::default());
    for byte in &stream[..stream.len() - 1] {
        decoder.feed(&[*byte]);
        assert_eq!(decoder.next(), Ok(None));
    }
    decoder.feed(&stream[stream.len() - 1..]);
    assert_eq!(decoder.next(), Ok(Some(point)));
}
