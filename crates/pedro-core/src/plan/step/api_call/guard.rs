//! Whom an API step may talk to: the server that the operator named, at an address of the public internet, and nobody
//! that this server sends us to.
//!
//! The address is looked at where the connection is made, so that a name that resolves to another address the next time
//! (DNS rebinding) gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Method, RequestBuilder};
use url::{Host, Url};

use super::CallError;
use crate::plan::step::http::USER_AGENT;

/// Redirects within one server: a missing slash, a new version.
const MOST_REDIRECTS: usize = 3;

/// Azure's metadata server: its address is none of a private network.
const AZURE_METADATA: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// Makes the requests. Never through a proxy, which would look up addresses on its own.
pub(super) struct Guard {
    public: Client,
    anywhere: Client,
}

/// All addresses of a name are private.
#[derive(Debug, thiserror::Error)]
#[error("its address is none of the public internet")]
pub(super) struct NotPublic;

/// Answers with the public addresses of a name only, whatever else it has. Asked for each connection, and nobody asks again
/// between the answer and the connection.
struct PublicOnly<L>(L);

/// The system's resolver.
async fn look_up(name: String) -> std::io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((name, 0)).await?.collect())
}

impl Guard {
    pub(super) fn new() -> Result<Self, reqwest::Error> {
        let builder = || Client::builder().user_agent(USER_AGENT).no_proxy().redirect(Policy::custom(same_server));
        Ok(Self { public: builder().dns_resolver(PublicOnly(look_up)).build()?, anywhere: builder().build()? })
    }

    /// A request to an address that may be asked; in the operator's own network only if they said so.
    pub(super) fn request(&self, method: Method, url: Url, allow_private: bool) -> Result<RequestBuilder, CallError> {
        if allow_private {
            return Ok(self.anywhere.request(method, url));
        }
        // An address that is written as one is not looked up. The URL has read it already: 0x7f000001 is 127.0.0.1.
        let written = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            _ => None,
        };
        if written.is_some_and(|ip| !is_public(ip)) {
            return Err(CallError::Private);
        }
        Ok(self.public.request(method, url))
    }
}

impl<L, F> Resolve for PublicOnly<L>
where
    L: Fn(String) -> F + Send + Sync,
    F: Future<Output = std::io::Result<Vec<SocketAddr>>> + Send + 'static,
{
    fn resolve(&self, name: Name) -> Resolving {
        let found = (self.0)(name.as_str().to_owned());
        Box::pin(async move {
            let public: Vec<SocketAddr> = found.await?.into_iter().filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Follows a redirect that stays where it is; any other one is the answer.
fn same_server(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let stays = attempt.previous().last().is_some_and(|before| before.origin() == attempt.url().origin());
    if stays && attempt.previous().len() <= MOST_REDIRECTS { attempt.follow() } else { attempt.stop() }
}

/// Whether an address is one of the public internet: no private network, not this machine, no metadata server, nothing
/// that is reserved, however it is wrapped.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let carrier = a == 100 && (64..128).contains(&b);
    let protocols = matches!((a, b, c), (192, 0, 0) | (192, 88, 99));
    let benchmarks = a == 198 && (b == 18 || b == 19);
    let reserved = a == 0 || a >= 240 || carrier || protocols || benchmarks || ip == AZURE_METADATA;
    let special =
        ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_multicast() || ip.is_documentation();
    !reserved && !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, ..] = ip.segments();
    let last: [u8; 4] = {
        let octets = ip.octets();
        [octets[12], octets[13], octets[14], octets[15]]
    };
    match (a, b) {
        // ::ffff:a.b.c.d and ::a.b.c.d
        (0, 0) if (c, d, e) == (0, 0, 0) && (f == 0xffff || f == 0) => is_public_v4(last.into()),
        // NAT64
        (0x64, 0xff9b) if (c, d, e, f) == (0, 0, 0, 0) => is_public_v4(last.into()),
        // 6to4
        (0x2002, _) => is_public_v4(Ipv4Addr::from((u32::from(b) << 16) | u32::from(c))),
        // Teredo, benchmarks and other protocols; documentation
        (0x2001, ..0x200 | 0xdb8) | (0x3fff, ..0x1000) => false,
        // All that is given out is in 2000::/3.
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        for ip in
            ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
        {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.100.100.200",
            "192.0.0.192",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "192.0.2.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "fec0::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn an_address_that_is_written_in_another_way_is_the_same_address() {
        let guard = Guard::new().unwrap();
        for host in [
            "127.0.0.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "127.1",
            "0",
            "[::1]",
            "[::ffff:7f00:1]",
            "169.254.169.254",
            "１２７.0.0.1",
        ] {
            let url = Url::parse(&format!("http://{host}/")).unwrap();
            assert!(matches!(guard.request(Method::GET, url.clone(), false), Err(CallError::Private)), "{host}");
            assert!(guard.request(Method::GET, url, true).is_ok());
        }
    }

    /// A resolver of somebody who attacks: each time it is asked, it answers with the next of these.
    fn rebinding(
        answers: &[&[&str]],
    ) -> impl Fn(String) -> std::future::Ready<std::io::Result<Vec<SocketAddr>>> + Send + Sync + 'static {
        let address = |ip: &&str| SocketAddr::new(ip.parse().unwrap(), 0);
        let answers = answers.iter().map(|answer| answer.iter().map(address).collect());
        let answers: std::sync::Mutex<std::collections::VecDeque<Vec<SocketAddr>>> =
            std::sync::Mutex::new(answers.collect());
        move |_| std::future::ready(Ok(answers.lock().unwrap().pop_front().unwrap_or_default()))
    }

    async fn addresses(resolver: &impl Resolve) -> Option<Vec<String>> {
        let answer = resolver.resolve("rebind.example".parse().unwrap()).await.ok()?;
        Some(answer.map(|address| address.ip().to_string()).collect())
    }

    #[tokio::test]
    async fn a_name_that_changes_its_address_is_looked_at_each_time() {
        let resolver = PublicOnly(rebinding(&[
            &["1.1.1.1"],
            &["127.0.0.1"],
            &["10.0.0.1", "8.8.8.8", "::1", "169.254.169.254"],
            &["::ffff:127.0.0.1", "fd00:ec2::254"],
            &[],
        ]));
        assert_eq!(addresses(&resolver).await.unwrap(), ["1.1.1.1"]);
        assert_eq!(addresses(&resolver).await, None, "the same name, a moment later");
        assert_eq!(addresses(&resolver).await.unwrap(), ["8.8.8.8"], "nothing else is there to fall back on");
        assert_eq!(addresses(&resolver).await, None);
        assert_eq!(addresses(&resolver).await, None);
    }

    #[tokio::test]
    async fn a_request_goes_to_no_address_but_those_that_were_looked_at() {
        let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://rebind.example:{}/", server.local_addr().unwrap().port());
        let public = Client::builder().no_proxy().dns_resolver(PublicOnly(rebinding(&[&["127.0.0.1"]])));
        let error = public.build().unwrap().get(&url).send().await.unwrap_err();
        assert!(matches!(CallError::from(error), CallError::Private));
        // With a resolver that lets it through the same request would have arrived.
        let trusting = Client::builder().no_proxy().resolve("rebind.example", "127.0.0.1:0".parse().unwrap());
        let asking = tokio::spawn(trusting.build().unwrap().get(&url).send());
        server.accept().await.unwrap();
        asking.abort();
        let nobody = std::future::poll_fn(|context| std::task::Poll::Ready(server.poll_accept(context).is_pending()));
        assert!(nobody.await, "only one of the two came");
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_leads_nowhere() {
        let guard = Guard::new().unwrap();
        let url = Url::parse("http://LOCALHOST:1/").unwrap();
        let error = guard.request(Method::GET, url, false).unwrap().send().await.unwrap_err();
        assert!(matches!(CallError::from(error), CallError::Private));
    }
}
