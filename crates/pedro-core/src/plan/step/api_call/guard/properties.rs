//! What holds for every address, however it is written or wrapped.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::testing::cases;

/// Made once: TLS takes a while to set up.
static GUARD: LazyLock<Guard> = LazyLock::new(|| Guard::new().unwrap());

/// The addresses of networks that a stranger must not reach through Pedro, told by their first and last address.
const CLOSED: [(&str, &str); 12] = [
    ("0.0.0.0", "0.255.255.255"),
    ("10.0.0.0", "10.255.255.255"),
    ("100.64.0.0", "100.127.255.255"),
    ("127.0.0.0", "127.255.255.255"),
    ("169.254.0.0", "169.254.255.255"),
    ("172.16.0.0", "172.31.255.255"),
    ("192.0.0.0", "192.0.0.255"),
    ("192.88.99.0", "192.88.99.255"),
    ("192.168.0.0", "192.168.255.255"),
    ("198.18.0.0", "198.19.255.255"),
    ("224.0.0.0", "255.255.255.255"),
    ("168.63.129.16", "168.63.129.16"),
];

fn closed() -> impl Strategy<Value = Ipv4Addr> {
    select(&CLOSED[..]).prop_flat_map(|(first, last)| {
        let number = |text: &str| u32::from(text.parse::<Ipv4Addr>().unwrap());
        (number(first)..=number(last)).prop_map(Ipv4Addr::from)
    })
}

/// The ways to write one address as a host.
fn spellings(ip: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = ip.octets();
    let number = u32::from(ip);
    vec![
        ip.to_string(),
        number.to_string(),
        format!("{number:#x}"),
        format!("{number:#o}").replace("0o", "0"),
        format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("{a}.{}", number & 0x00ff_ffff),
        format!("{a}.{b}.{}", number & 0xffff),
        format!("{ip}."),
        ip.to_string().chars().map(|c| if c == '.' { '。' } else { c }).collect(),
        ip.to_string()
            .chars()
            .map(|c| char::from_u32(u32::from(c) + 0xfee0).filter(|_| c.is_ascii_digit()).unwrap_or(c))
            .collect(),
        ip.to_string().replace('.', "%2e"),
        format!("[::ffff:{ip}]"),
        format!("[::ffff:{:x}:{:x}]", number >> 16, number & 0xffff),
        format!("[::{ip}]"),
        format!("[64:ff9b::{ip}]"),
        format!("[64:ff9b:1::{ip}]"),
        format!("[2002:{:x}:{:x}::1]", number >> 16, number & 0xffff),
        format!("[::ffff:0:{ip}]"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(500)) })]

    #[test]
    fn an_address_that_is_closed_is_closed_in_every_spelling(ip in closed(), port in 1..65_535u16, scheme in select(&["http", "https"][..]), user in select(&["", "user@", "a:b@", "example.org@", "example.org%20@"][..])) {
        prop_assert!(!is_public(ip.into()), "{}", ip);
        for host in spellings(ip) {
            // What is no URL is asked of nobody.
            let Ok(url) = Url::parse(&format!("{scheme}://{user}{host}:{port}/x")) else { continue };
            let asked = GUARD.request(Method::GET, url.clone(), false);
            let is_name = matches!(url.host(), Some(Host::Domain(_)));
            prop_assert!(!is_name, "{} is looked up as a name", url);
            prop_assert!(matches!(asked, Err(CallError::Private)), "{} was asked", url);
        }
    }

    #[test]
    fn a_public_address_that_wraps_another_is_as_open_as_that(ip in any::<u32>().prop_map(Ipv4Addr::from)) {
        let open = is_public(ip.into());
        let number = u32::from(ip);
        let (high, low) = ((number >> 16) as u16, number as u16);
        for wrapped in [
            ip.to_ipv6_mapped(),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
        ] {
            prop_assert_eq!(is_public(wrapped.into()), open, "{}", wrapped);
        }
        // As the standard library sees it, nothing of it is this machine or its network.
        let closed = ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_broadcast() || ip.is_unspecified() || ip.is_multicast();
        prop_assert!(!(open && closed), "{}", ip);
    }

    #[test]
    fn of_the_other_protocol_only_global_addresses_are_open(ip in any::<u128>().prop_map(Ipv6Addr::from), high in any::<bool>()) {
        let ip = if high { ip } else { Ipv6Addr::from(u128::from(ip) & 0xffff_ffff_ffff) };
        let closed = ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() || ip.is_unique_local() || ip.is_unicast_link_local();
        prop_assert!(!(closed && is_public(ip.into())), "{}", ip);
        let is_global = ip.segments()[0] & 0xe000 == 0x2000 || ip.segments()[..4] == [0x64, 0xff9b, 0, 0] || ip.segments()[..5] == [0; 5];
        prop_assert!(is_global || !is_public(ip.into()), "{}", ip);
    }
}
