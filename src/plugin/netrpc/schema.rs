//! The Go types of what the plugin answers, as gob describes them.
//!
//! Names are for people: Go's decoder goes by field names and kinds only (`encoding/gob`, "Types and Values").

use crate::gob::schema::{StructType, Type};

/// `net/rpc` `Response`: comes before each answer.
pub(super) static RESPONSE: StructType = StructType {
    name: "Response",
    fields: &[
        ("ServiceMethod", Type::String),
        ("Seq", Type::Uint),
        ("Error", Type::String),
    ],
};

/// `struct{}`: what Ping and Quit answer, and what stands in place of an answer after an error.
pub(super) static EMPTY: StructType = StructType {
    name: "",
    fields: &[],
};

/// argo-rollouts `utils/plugin/types` `RpcError`; an empty text is no error.
pub(super) static RPC_ERROR: StructType = StructType {
    name: "RpcError",
    fields: &[("ErrorString", Type::String)],
};

/// argo-rollouts `pkg/apis/rollouts/v1alpha1` `Measurement`, unchanged since 1.5.0.
pub(super) static MEASUREMENT: StructType = StructType {
    name: "Measurement",
    fields: &[
        ("Phase", Type::String),
        ("Message", Type::String),
        ("StartedAt", TIME),
        ("FinishedAt", TIME),
        ("Value", Type::String),
        ("Metadata", TEXTS),
        ("ResumeAt", TIME),
    ],
};

/// apimachinery `metav1.Time`, which writes itself.
const TIME: Type = Type::Opaque("Time");

/// `map[string]string`
pub(super) const TEXTS: Type = Type::Map(&Type::String, &Type::String);
