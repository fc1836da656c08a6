//! Go's `encoding/gob`: bytes of a stream into values, and values into bytes.
//!
//! A stream describes itself: before the first value of a type come definitions that give the type a number, its
//! fields their names and order. The decoder reads a value only by those definitions, so a sender may add, drop and
//! reorder fields; what it does not name is absent. Two traits of the format decide the shape of this module:
//!
//! - A field that has its type's zero value is not sent. Absent and zero are the same to a reader.
//! - A value held in a Go interface is sent as the name its type was registered by, then any definitions still owed,
//!   then the value. Those definitions end the message in the middle of the value and go on in further messages, so
//!   the decoder can stop at that point and resume when the bytes have come.
//!
//! The format is that of Go's `src/encoding/gob` (`doc.go`, `decode.go`, `encode.go`, `type.go`).
//!
//! Reading order: [`value`], [`decoder`], [`schema`], [`encoder`].
//! Not here: Go's rules for fitting a value into a local type (names and kinds are matched by the caller), arrays and
//! complex numbers on the sending side, and sockets: bytes are fed in and taken out.

pub mod decoder;
pub mod encoder;
pub mod schema;
pub mod value;

mod building;
mod definition;
mod numbering;
mod types;
mod wire;

#[cfg(test)]
mod tests;
