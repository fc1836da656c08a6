//! This binary and where it can be fetched into the ConfigMap entry that makes a controller load it.

use std::io::Read;

use sha2::{Digest, Sha256};

use super::args::InstallOptions;
use super::{DONE, Done, render};

/// Prints the ConfigMap, with the checksum of this very binary.
pub(super) fn print(options: &InstallOptions) -> Done {
    let location = &options.location;
    if !matches!(location.scheme(), "http" | "https" | "file") {
        return Err(format!(
            "`--location`: `{location}`: the controller fetches http, https and file alone"
        )
        .into());
    }
    let checksum = checksum_of_this_binary()?;
    let checked = match location.scheme() {
        "file" => "the controller checks it for http and https only",
        _ => "checked by the controller after the download, from Rollouts 1.7 on",
    };
    render::text(&format!(
        "# The list below is one text: applied as it is, it replaces the plugins that the ConfigMap lists already.\n\
         apiVersion: v1\n\
         kind: ConfigMap\n\
         metadata:\n\
         \x20 name: argo-rollouts-config\n\
         \x20 namespace: argo-rollouts # the controller's own\n\
         data:\n\
         \x20 metricProviderPlugins: |-\n\
         \x20   - name: \"{}\"\n\
         \x20     location: \"{location}\"\n\
         \x20     sha256: \"{checksum}\" # {checked}\n",
        options.name
    ))?;
    Ok(DONE)
}

fn checksum_of_this_binary() -> std::io::Result<String> {
    let mut file = std::fs::File::open(std::env::current_exe()?)?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 64 << 10];
    loop {
        match file.read(&mut chunk)? {
            0 => break,
            read => hasher.update(&chunk[..read]),
        }
    }
    Ok(hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
