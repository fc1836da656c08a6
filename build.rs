//! `proto/` into Rust: the messages of the gRPC protocol, its services and, for the tests, their clients.
//!
//! protox reads the files, so that no protoc need be installed.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let files = [
        "grpc_broker.proto",
        "grpc_controller.proto",
        "grpc_stdio.proto",
        "health.proto",
        "metric_provider.proto",
    ];
    tonic_prost_build::configure()
        .btree_map(".")
        .build_transport(false)
        .compile_fds(protox::compile(files, ["proto"])?)?;
    Ok(())
}
