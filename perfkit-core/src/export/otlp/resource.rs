//! What the values are of: the service, the process, and where it runs.

use std::collections::BTreeSet;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::Read as _;
use std::sync::Mutex;
use std::sync::PoisonError;

use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;

use crate::report::Environment;

use super::attributes::{attribute, attribute_of};

/// So much of a file of the system is read, in bytes.
const MOST_READ: u64 = 1 << 20;

/// Of this process: what the environment says and, if wanted, what can be found out.
pub(super) fn of_process(is_detected: bool) -> Resource {
    let detected = match is_detected {
        true => detected(),
        false => Vec::new(),
    };
    with(detected)
}

/// Of the program that a saved report is of, which ran elsewhere or before.
pub(super) fn of_report(environment: &Environment) -> Resource {
    let mut known = vec![
        attribute("os.type", os_type(&environment.os)),
        attribute("host.arch", architecture(&environment.architecture)),
    ];
    known.extend(runtime(environment.rust.as_deref()));
    with(known)
}

/// What the environment says, and beside it what it does not speak of.
fn with(known: Vec<KeyValue>) -> Resource {
    let mut resource = Resource::from(&opentelemetry_sdk::Resource::builder().build());
    let said: BTreeSet<String> = resource.attributes.iter().map(|a| a.key.clone()).collect();
    let more = known.into_iter().filter(|a| !said.contains(&a.key));
    resource.attributes.extend(more);
    resource
}

fn detected() -> Vec<KeyValue> {
    let mut found = vec![
        attribute("service.instance.id", &instance_id()),
        attribute("os.type", os_type(std::env::consts::OS)),
        attribute("host.arch", architecture(std::env::consts::ARCH)),
        attribute_of("process.pid", Value::IntValue(std::process::id().into())),
    ];
    let program = std::env::current_exe().ok();
    let program = program
        .as_deref()
        .and_then(|path| path.file_name()?.to_str());
    found.extend(program.map(|name| attribute("process.executable.name", name)));
    let host = sysinfo::System::host_name().ok();
    found.extend(host.map(|name| attribute("host.name", &name)));
    let container = container_id(&read("/proc/self/cgroup"), &read("/proc/self/mountinfo"));
    found.extend(container.map(|id| attribute("container.id", id.as_str())));
    found.extend(runtime(Some(env!("PERFKIT_RUSTC_VERSION"))));
    found
}

fn runtime(version: Option<&str>) -> Vec<KeyValue> {
    let version = version.filter(|version| !version.is_empty());
    let version = version.map(|version| attribute("process.runtime.version", version));
    std::iter::once(attribute("process.runtime.name", "rust"))
        .chain(version)
        .collect()
}

/// In the words of the semantic conventions.
fn os_type(os: &str) -> &str {
    match os {
        "macos" | "ios" => "darwin",
        "dragonfly" => "dragonflybsd",
        other => other,
    }
}

/// In the words of the semantic conventions.
fn architecture(architecture: &str) -> &str {
    match architecture {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "arm" => "arm32",
        "powerpc" => "ppc32",
        "powerpc64" => "ppc64",
        other => other,
    }
}

/// A random UUID (version 4) of this process; a child that was forked gets one of its own.
fn instance_id() -> String {
    static OF_PROCESS: Mutex<Option<(u32, String)>> = Mutex::new(None);
    let own = std::process::id();
    let mut known = OF_PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
    match &*known {
        Some((pid, id)) if *pid == own => id.clone(),
        _ => {
            let id = random_uuid();
            *known = Some((own, id.clone()));
            id
        }
    }
}

/// The standard library's hashers have random keys of the system.
fn random_uuid() -> String {
    let half = |part: u8| u128::from(RandomState::new().hash_one((part, std::process::id())));
    let bits = half(0) << 64 | half(1);
    let (version, variant) = (0x4_u128 << 76, 0x8_u128 << 60);
    let bits = bits & !(0xf << 76) & !(0xc << 60) | version | variant;
    let digits = format!("{bits:032x}");
    let part = |range| digits.get(range).unwrap_or_default();
    [
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32),
    ]
    .join("-")
}

/// The identifier that the container's runtime gave it: of control groups of the first version
/// the end of a path, of the second one a folder that the runtime mounts files from.
fn container_id(cgroup: &str, mounts: &str) -> Option<String> {
    let of_group = cgroup.lines().find_map(|line| {
        let name = line.rsplit('/').next()?;
        let name = name.strip_suffix(".scope").unwrap_or(name);
        is_id(name.rsplit(['-', ':']).next()?)
    });
    let of_mount = || {
        let mut parts = mounts.lines().flat_map(|line| {
            let names: Vec<&str> = line.split(['/', ' ']).collect();
            let pairs: Vec<_> = names.windows(2).map(|pair| (pair[0], pair[1])).collect();
            pairs
        });
        parts.find_map(|(folder, name)| {
            let is_of_runtime = ["containers", "overlay-containers", "sandboxes"].contains(&folder);
            is_id(name).filter(|_| is_of_runtime)
        })
    };
    of_group.or_else(of_mount)
}

fn is_id(name: &str) -> Option<String> {
    let is_id = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| name.to_owned())
}

/// Empty where there is no such file.
fn read(path: &str) -> String {
    let mut text = Vec::new();
    if let Ok(file) = File::open(path) {
        let _ = file.take(MOST_READ).read_to_end(&mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "3a5f1c0b9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a";

    #[test]
    fn a_container_is_found_in_either_version_of_control_groups() {
        let of_group =
            |path: &str| container_id(&format!("12:pids:/user\n1:name=systemd:{path}"), "");
        for path in [
            format!("/docker/{ID}"),
            format!("/kubepods/burstable/pod1/{ID}"),
            format!("/system.slice/docker-{ID}.scope"),
            format!("/kubepods.slice/cri-containerd-{ID}.scope"),
            format!("/kubepods/pod1:cri-containerd:{ID}"),
        ] {
            assert_eq!(of_group(&path).as_deref(), Some(ID), "{path}");
        }
        for path in [
            "/",
            "/user.slice/user-0.slice/session-1.scope",
            "/docker/3a5f",
        ] {
            assert_eq!(of_group(path), None, "{path}");
        }
        let of_mount = |path: &str| {
            let line =
                format!("1436 1425 0:31 {path} /etc/hostname rw,relatime - ext4 /dev/sda1 rw");
            container_id("0::/", &line)
        };
        for path in [
            format!("/var/lib/docker/containers/{ID}/hostname"),
            format!("/containers/storage/overlay-containers/{ID}/userdata/hostname"),
            format!("/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/{ID}/hostname"),
        ] {
            assert_eq!(of_mount(&path).as_deref(), Some(ID), "{path}");
        }
        assert_eq!(
            of_mount(&format!("/var/lib/docker/overlay2/{ID}/merged")),
            None
        );
    }

    #[test]
    fn an_instance_has_one_random_uuid() {
        assert_eq!(instance_id(), instance_id());
        for _ in 0..200 {
            let (id, other) = (random_uuid(), random_uuid());
            assert_ne!(id, other);
            let lengths: Vec<_> = id.split('-').map(str::len).collect();
            assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
            assert_eq!(id.as_bytes()[14], b'4', "{id}");
            assert!(b"89ab".contains(&id.as_bytes()[19]), "{id}");
        }
    }
}
