//! The control stream: the host's pings, its wish for the plugin, its farewell.
//!
//! go-plugin's `rpc_server.go` (`controlServer`, `dispenseServer`). Nothing here waits: a ping says that the process
//! lives, whatever its calls are doing.

use std::sync::Arc;

use super::calls::{Answering, CallError, Service};
use super::messages::Reply;
use super::session::Session;
use crate::gob::value::Value;

/// The one plugin there is, by the name that Argo's controller asks for.
const PLUGIN: &str = "RpcMetricProviderPlugin";

/// `Control` and `Dispenser`.
pub(super) struct Control(pub(super) Arc<Session>);

impl Service for Control {
    fn call(&self, method: &str, body: Value) -> Answering {
        match method.rsplit_once('.') {
            Some(("Control", "Ping")) => Answering::Now(Ok(Reply::empty())),
            Some(("Control", "Quit")) => Answering::Last(Reply::empty(), self.0.quit.clone()),
            Some(("Dispenser", "Dispense")) => Answering::Now(self.dispense(method, &body)),
            other => Answering::Now(Err(unknown(method, other, &["Control", "Dispenser"]))),
        }
    }
}

impl Control {
    /// Answers with the number by which the host opens the plugin's stream.
    fn dispense(&self, method: &str, body: &Value) -> Result<Reply, CallError> {
        match body.as_str() {
            Some(PLUGIN) => Ok(Reply::id(self.0.dispense())),
            Some(other) => Err(CallError::NoPlugin(other.to_owned())),
            None => Err(CallError::Body {
                method: method.to_owned(),
                expected: "string",
                found: body.kind().to_owned(),
            }),
        }
    }
}

/// What Go's server says of a method that it does not have (`net/rpc/server.go`, `readRequestHeader`).
pub(super) fn unknown(method: &str, split: Option<(&str, &str)>, services: &[&str]) -> CallError {
    let method = method.to_owned();
    match split {
        None => CallError::IllFormed(method),
        Some((service, _)) if services.contains(&service) => CallError::NoMethod(method),
        Some(_) => CallError::NoService(method),
    }
}
