//! Which of the addresses is for whom: for this machine, or for others in its network.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

/// Addresses as somebody would type them, the best first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reach {
    /// Those that only this machine reaches.
    pub(super) here: Vec<String>,
    /// Those that others reach.
    pub(super) others: Vec<String>,
}

impl Reach {
    /// Sorts `urls`. `outward` is the address that this machine is known by in its network, if it is in one.
    pub(super) fn of(urls: Vec<String>, outward: Option<IpAddr>) -> Reach {
        let is_others = |url: &String| socket(url).is_some_and(|at| !at.ip().is_loopback());
        let (mut others, mut here): (Vec<String>, Vec<String>) =
            urls.into_iter().partition(is_others);
        others.sort_by_key(|url| {
            let ip = socket(url).map(|at| at.ip());
            (ip != outward, ip.is_some_and(|ip| ip.is_ipv6()))
        });
        // The same place by its longer name.
        let loopback_ports: Vec<u16> = here
            .iter()
            .filter_map(|url| socket(url))
            .filter(|at| at.ip() == Ipv4Addr::LOCALHOST)
            .map(|at| at.port())
            .collect();
        here.retain(|url| {
            !socket(url).is_some_and(|at| at.is_ipv6() && loopback_ports.contains(&at.port()))
        });
        Reach { here, others }
    }

    /// The one to try first, on this machine.
    pub(super) fn first(&self) -> Option<&str> {
        self.here
            .first()
            .or(self.others.first())
            .map(String::as_str)
    }

    /// The one to give away.
    pub(super) fn for_others(&self) -> Option<&str> {
        self.others.first().map(String::as_str)
    }
}

fn socket(url: &str) -> Option<SocketAddr> {
    let host = url.strip_prefix("http://")?.strip_suffix('/')?;
    host.parse().ok()
}

/// The address that this machine would speak from to the rest of the world: of several, such as those of bridges
/// for containers, it is the one that others see. Nothing is sent for it; the system only looks up the way.
pub(super) fn outward() -> Option<IpAddr> {
    /// Kept for documents (RFC 5737), so that it is nobody's; the port is "discard".
    const SOMEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(SOMEWHERE).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(urls: &[&str], outward: &str) -> Reach {
        let urls = urls.iter().map(|url| (*url).to_owned()).collect();
        Reach::of(urls, outward.parse().ok())
    }

    #[test]
    fn the_address_that_leads_out_comes_before_bridges_and_long_ones() {
        let urls = [
            "http://127.0.0.1:8080/",
            "http://[::1]:8080/",
            "http://172.17.0.1:8080/",
            "http://192.168.1.20:8080/",
            "http://[2001:db8::5]:8080/",
        ];
        let found = reach(&urls, "192.168.1.20");
        assert_eq!(found.here, ["http://127.0.0.1:8080/"]);
        assert_eq!(
            found.others,
            [
                "http://192.168.1.20:8080/",
                "http://172.17.0.1:8080/",
                "http://[2001:db8::5]:8080/",
            ]
        );
        assert_eq!(found.first(), Some("http://127.0.0.1:8080/"));
        assert_eq!(found.for_others(), Some("http://192.168.1.20:8080/"));
        let without = reach(&urls, "");
        assert_eq!(without.for_others(), Some("http://172.17.0.1:8080/"));
    }

    #[test]
    fn what_only_this_machine_reaches_is_for_nobody_else() {
        let urls = ["http://127.0.0.2:80/", "http://[::1]:81/", "unix:/run/x"];
        let found = reach(&urls, "10.0.0.1");
        assert_eq!(found.here, urls);
        assert_eq!(found.for_others(), None);
    }

    #[test]
    fn the_short_loopback_stands_for_the_long_one_of_the_same_port_only() {
        let found = reach(&["http://127.0.0.1:80/", "http://[::1]:81/"], "");
        assert_eq!(found.here.len(), 2);
    }

    #[test]
    fn an_address_of_the_network_alone_comes_first() {
        let found = reach(&["http://10.1.2.3:80/"], "");
        assert_eq!(found.first(), Some("http://10.1.2.3:80/"));
    }
}
