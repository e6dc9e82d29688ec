//! `calliope healthcheck`: asks the service that these settings describe whether it is ready. Container images need no
//! other program for their health check.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpStream};
use std::time::Duration;

use anyhow::{Context, bail};

use crate::settings::LoadedSettings;

const TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn run(loaded: &LoadedSettings) -> anyhow::Result<()> {
    let server = &loaded.settings.server;
    // A service that listens on every address is asked at the loopback address.
    let host = match server.host {
        IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    };
    let address = (host, server.port).into();
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)
        .with_context(|| format!("nothing answers at {address}"))?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut response = String::new();
    stream.take(64 * 1024).read_to_string(&mut response)?;
    let status_line = response.lines().next().unwrap_or_default();
    if status_line.split(' ').nth(1) == Some("200") {
        return Ok(());
    }
    bail!("calliope at {address} is not ready: {status_line}")
}
