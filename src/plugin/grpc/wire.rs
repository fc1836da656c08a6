//! The messages and services of `proto/`, as `build.rs` writes them: a module a package.

/// go-plugin's controller, stdio and broker.
#[allow(missing_docs, unreachable_pub, reason = "generated code")]
pub(super) mod plugin {
    tonic::include_proto!("plugin");
}

/// The health check that go-plugin pings with.
#[allow(missing_docs, unreachable_pub, reason = "generated code")]
pub(super) mod health {
    tonic::include_proto!("grpc.health.v1");
}

/// Our own service.
#[allow(missing_docs, unreachable_pub, reason = "generated code")]
pub(super) mod promqlguard {
    tonic::include_proto!("promqlguard.v1");
}
