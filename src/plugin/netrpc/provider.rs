//! The plugin's stream: the seven methods into calls of the provider.
//!
//! argo-rollouts `metricproviders/plugin/rpc/rpc.go` (`MetricsRPCServer`). The body is always an interface value; what
//! `InitPlugin` and `Type` hold in it is not looked at.

use std::future::Future;
use std::sync::Arc;

use super::calls::{Answering, CallError, Service};
use super::control::unknown;
use super::messages::{Arguments, Reply, arguments};
use crate::analysis::measurement::Measurement;
use crate::analysis::provider::MetricProvider;
use crate::gob::value::Value;
use crate::plugin::calls::{catch, measure};

/// `Plugin`
pub(super) struct Provider<P>(pub(super) Arc<P>);

impl<P: MetricProvider> Service for Provider<P> {
    fn call(&self, method: &str, body: Value) -> Answering {
        let provider = self.0.clone();
        let split = method.rsplit_once('.');
        let Some(("Plugin", name)) = split else {
            return Answering::Now(Err(unknown(method, split, &["Plugin"])));
        };
        let held = |expected| held(method, body, expected);
        match name {
            "InitPlugin" => answer("InitPlugin", async move { Reply::outcome(provider.init()) }),
            "Type" => answer("Type", async move { Reply::text(provider.kind()) }),
            "Run" => with(held("`RunArgs`"), |args| {
                measured(
                    "Run",
                    async move { provider.run(args.run, args.metric).await },
                )
            }),
            "Resume" => with(held("`TerminateAndResumeArgs`"), |args| {
                measured("Resume", async move {
                    let Arguments { run, metric, .. } = args;
                    provider.resume(run, metric, args.measurement).await
                })
            }),
            "Terminate" => with(held("`TerminateAndResumeArgs`"), |args| {
                measured("Terminate", async move {
                    let Arguments { run, metric, .. } = args;
                    provider.terminate(run, metric, args.measurement).await
                })
            }),
            "GarbageCollect" => with(held("`GarbageCollectArgs`"), |args| {
                answer("GarbageCollect", async move {
                    let Arguments { run, metric, .. } = args;
                    Reply::outcome(provider.garbage_collect(run, metric, args.limit).await)
                })
            }),
            "GetMetadata" => with(held("`GetMetadataArgs`"), |args| {
                answer("GetMetadata", async move {
                    Reply::texts(provider.metadata(&args.metric))
                })
            }),
            _ => Answering::Now(Err(unknown(method, split, &["Plugin"]))),
        }
    }
}

/// The arguments that the body's interface holds.
fn held(method: &str, body: Value, expected: &'static str) -> Result<Arguments, CallError> {
    let found = match body {
        Value::Interface(Some(named)) => match named.value {
            Value::Struct(fields) => {
                return arguments(fields).map_err(|source| CallError::Field {
                    method: method.to_owned(),
                    source,
                });
            }
            _ => format!("`{}`", named.name),
        },
        Value::Interface(None) => "nil".to_owned(),
        other => other.kind().to_owned(),
    };
    Err(CallError::Body {
        method: method.to_owned(),
        expected,
        found,
    })
}

fn with(
    arguments: Result<Arguments, CallError>,
    call: impl FnOnce(Arguments) -> Answering,
) -> Answering {
    arguments.map_or_else(|error| Answering::Now(Err(error)), call)
}

/// A call whose panic is an error of the call.
fn answer(method: &'static str, call: impl Future<Output = Reply> + Send + 'static) -> Answering {
    Answering::Later(Box::pin(async move {
        catch(method, call).await.map_err(CallError::Panicked)
    }))
}

/// A call whose panic is an `Error` measurement.
fn measured(
    method: &'static str,
    call: impl Future<Output = Measurement> + Send + 'static,
) -> Answering {
    Answering::Later(Box::pin(async move {
        Ok(Reply::measurement(measure(method, call).await))
    }))
}
