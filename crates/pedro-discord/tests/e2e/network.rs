//! Machines that can be cut off: network namespaces where they are permitted, else ways that fall silent.

use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};

use anyhow::{Context, Result, ensure};

/// Tells the networks of a process apart.
static COUNT: AtomicU8 = AtomicU8::new(0);

/// A namespace of its own with one interface, whose other end is on this machine. Dropping it removes both.
pub(crate) struct Namespace {
    pub(crate) name: String,
    /// This machine, as it is seen from there.
    pub(crate) host: Ipv4Addr,
}

impl Namespace {
    /// Makes one; `None`, with a word in the test's output, where that is not permitted.
    #[expect(clippy::print_stdout, reason = "shown by the test runner")]
    pub(crate) fn make() -> Option<Self> {
        match Self::try_make() {
            Ok(namespace) => Some(namespace),
            Err(error) => {
                println!(
                    "no network namespace here ({error:#}): machines are cut off by ways that fall silent instead"
                );
                None
            }
        }
    }

    fn try_make() -> Result<Self> {
        let (process, number) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let name = format!("pd{process}n{number}");
        // Another process at the same time has another third number, most likely; an address that is taken is refused.
        let (net, low) = (process % 250, number * 4);
        let namespace = Self { name: name.clone(), host: format!("10.213.{net}.{}", low + 1).parse()? };
        ip(&["netns", "add", &name])?;
        let (outside, inside) = (format!("{name}o"), format!("{name}i"));
        ip(&["link", "add", &outside, "type", "veth", "peer", "name", &inside, "netns", &name])?;
        ip(&["addr", "add", &format!("{}/30", namespace.host), "dev", &outside])?;
        ip(&["link", "set", &outside, "up"])?;
        ip(&["-n", &name, "addr", "add", &format!("10.213.{net}.{}/30", low + 2), "dev", &inside])?;
        ip(&["-n", &name, "link", "set", "lo", "up"])?;
        namespace.connect()?;
        Ok(namespace)
    }

    /// Takes its interface down: nothing leaves, nothing arrives, nobody is told.
    pub(crate) fn disconnect(&self) -> Result<()> {
        ip(&["-n", &self.name, "link", "set", &format!("{}i", self.name), "down"])
    }

    pub(crate) fn connect(&self) -> Result<()> {
        ip(&["-n", &self.name, "link", "set", &format!("{}i", self.name), "up"])?;
        // The way out goes with the interface.
        ip(&["-n", &self.name, "route", "replace", "default", "via", &self.host.to_string()])
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // With it go its interface and the other end.
        let _ = ip(&["netns", "del", &self.name]);
    }
}

/// Where the program is: it is in no usual place of whoever is not root.
pub(crate) fn program() -> Result<&'static str> {
    let places = ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip"];
    places.into_iter().find(|place| std::path::Path::new(place).exists()).context("iproute2 is not installed")
}

fn ip(arguments: &[&str]) -> Result<()> {
    let done = Command::new(program()?).args(arguments).stdin(Stdio::null()).output()?;
    let told = String::from_utf8_lossy(&done.stderr).trim().to_owned();
    ensure!(done.status.success(), "ip {}: {told}", arguments.join(" "));
    Ok(())
}
