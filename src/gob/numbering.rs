//! Which types a stream has been told of, by which numbers; and the definitions that tell it.

use super::schema::{StructType, Type};
use super::wire::{put_counted, put_int, put_uint};

/// The first number given out. Go's is 64 too, but its numbers are the process's, not the stream's.
const FIRST: i64 = 64;

/// The types of a stream that need a definition, in the order of their first mention.
#[derive(Default)]
pub(super) struct Numbering {
    known: Vec<Known>,
}

struct Known {
    ty: Type,
    /// Go's name of the type, empty for most that have none.
    name: String,
    /// 0: not given yet.
    number: i64,
    told: bool,
}

impl Numbering {
    /// How many types are known.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Forgets the types known since then.
    pub(super) fn truncate(&mut self, len: usize) {
        self.known.truncate(len);
    }

    /// The type's number. What the stream must be told first is written to `out`, one message each;
    /// the first takes the bytes in `message` with it.
    pub(super) fn number(&mut self, ty: &Type, message: &mut Vec<u8>, out: &mut Vec<u8>) -> i64 {
        if let Some(number) = predefined(ty) {
            return number;
        }
        let place = match self.find(ty) {
            Some(place) => place,
            None => {
                let place = self.enter(ty, own_name(ty));
                self.give(place);
                self.tell(ty, message, out);
                place
            }
        };
        self.known[place].number
    }

    fn find(&self, ty: &Type) -> Option<usize> {
        self.known.iter().position(|known| known.ty.is(ty))
    }

    /// Makes a type known, with all that it holds. Numbers are given in Go's order: a struct's before those of its
    /// fields, a slice's or a map's after those of its elements (`newTypeObject` of Go's `type.go`).
    fn enter(&mut self, ty: &Type, name: String) -> usize {
        if let Some(place) = self.find(ty) {
            return place;
        }
        let place = self.known.len();
        self.known.push(Known {
            ty: *ty,
            name,
            number: 0,
            told: false,
        });
        match ty {
            Type::Struct(of) => {
                self.give(place);
                for (_, field) in of.fields {
                    if predefined(field).is_none() {
                        let field = self.enter(field, field.go_name());
                        self.give(field);
                    }
                }
            }
            Type::Slice(element) => self.enter_part(element, own_name(element)),
            Type::Map(key, element) => {
                self.enter_part(key, String::new());
                self.enter_part(element, String::new());
            }
            _ => {}
        }
        self.give(place);
        place
    }

    fn enter_part(&mut self, ty: &Type, name: String) {
        if predefined(ty).is_none() {
            self.enter(ty, name);
        }
    }

    fn give(&mut self, place: usize) {
        if self.known[place].number == 0 {
            let given = self.known.iter().filter(|known| known.number != 0).count();
            self.known[place].number = FIRST + given as i64;
        }
    }

    /// Writes the definitions of a type and of all that it holds (`sendActualType` of Go's `encoder.go`).
    fn tell(&mut self, ty: &Type, message: &mut Vec<u8>, out: &mut Vec<u8>) {
        let Some(place) = self.find(ty).filter(|place| !self.known[*place].told) else {
            return;
        };
        self.known[place].told = true;
        put_int(message, -self.known[place].number);
        self.define(place, message);
        put_counted(out, message);
        message.clear();
        match ty {
            Type::Struct(of) => {
                for (_, field) in of.fields {
                    self.tell(field, message, out);
                }
            }
            Type::Slice(element) => self.tell(element, message, out),
            Type::Map(key, element) => {
                self.tell(key, message, out);
                self.tell(element, message, out);
            }
            _ => {}
        }
    }

    /// A value of Go's `wireType`: one field, whose place tells the kind.
    fn define(&self, place: usize, message: &mut Vec<u8>) {
        let known = &self.known[place];
        let kind = match known.ty {
            Type::Slice(_) => 2,
            Type::Struct(_) => 3,
            Type::Map(..) => 4,
            _ => 5,
        };
        put_uint(message, kind);
        put_uint(message, 1);
        named(&known.name, known.number, message);
        match known.ty {
            Type::Slice(element) => {
                put_uint(message, 1);
                put_int(message, self.number_of(element));
            }
            Type::Map(key, element) => {
                put_uint(message, 1);
                put_int(message, self.number_of(key));
                put_uint(message, 1);
                put_int(message, self.number_of(element));
            }
            Type::Struct(of) => self.define_fields(of, message),
            _ => {}
        }
        // The ends of the kind's struct and of wireType.
        put_uint(message, 0);
        put_uint(message, 0);
    }

    fn define_fields(&self, of: &StructType, message: &mut Vec<u8>) {
        if of.fields.is_empty() {
            return;
        }
        put_uint(message, 1);
        put_uint(message, of.fields.len() as u64);
        for (name, field) in of.fields {
            named(name, self.number_of(field), message);
        }
    }

    fn number_of(&self, ty: &Type) -> i64 {
        predefined(ty)
            .or_else(|| self.find(ty).map(|place| self.known[place].number))
            .expect("a type is entered with all that it holds")
    }
}

/// A struct of a name and a number, as `CommonType` and `fieldType` are.
fn named(name: &str, number: i64, message: &mut Vec<u8>) {
    let mut delta = 1;
    if name.is_empty() {
        delta = 2;
    } else {
        put_uint(message, 1);
        put_counted(message, name.as_bytes());
    }
    put_uint(message, delta);
    put_int(message, number);
    put_uint(message, 0);
}

/// The numbers that every stream begins with (`bootstrapType` of Go's `type.go`).
fn predefined(ty: &Type) -> Option<i64> {
    Some(match ty {
        Type::Bool => 1,
        Type::Int => 2,
        Type::Uint => 3,
        Type::Float => 4,
        Type::Bytes => 5,
        Type::String => 6,
        Type::Interface => 8,
        Type::Slice(_) | Type::Map(..) | Type::Struct(_) | Type::Opaque(_) => return None,
    })
}

/// The name that a type has by itself: slices and maps have none.
fn own_name(ty: &Type) -> String {
    match ty {
        Type::Slice(_) | Type::Map(..) => String::new(),
        ty => ty.go_name(),
    }
}
