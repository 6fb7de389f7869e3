//! Which addresses are public.
//!
//! The tables are the IANA special-purpose registries for IPv4 and IPv6 (RFC 6890 and the RFCs
//! that extend it), multicast (RFC 5771, RFC 4291) and what is deprecated but still routed by some
//! stacks (RFC 3879 site-local, RFC 4291 IPv4-compatible, RFC 7526 6to4 relays).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const V4: [([u8; 4], u8); 16] = [
    ([0, 0, 0, 0], 8),       // this network, RFC 791
    ([10, 0, 0, 0], 8),      // private, RFC 1918
    ([100, 64, 0, 0], 10),   // shared, RFC 6598
    ([127, 0, 0, 0], 8),     // loopback, RFC 1122
    ([169, 254, 0, 0], 16),  // link-local, RFC 3927
    ([172, 16, 0, 0], 12),   // private, RFC 1918
    ([192, 0, 0, 0], 24),    // protocol assignments, RFC 6890
    ([192, 0, 2, 0], 24),    // documentation, RFC 5737
    ([192, 31, 196, 0], 24), // AS112, RFC 7535
    ([192, 52, 193, 0], 24), // AMT, RFC 7450
    ([192, 88, 99, 0], 24),  // 6to4 relays, RFC 7526
    ([192, 168, 0, 0], 16),  // private, RFC 1918
    ([198, 18, 0, 0], 15),   // benchmarking, RFC 2544
    ([198, 51, 100, 0], 24), // documentation, RFC 5737
    ([203, 0, 113, 0], 24),  // documentation, RFC 5737
    ([224, 0, 0, 0], 3),     // multicast, reserved, broadcast: RFC 5771, RFC 1112, RFC 8190
];

const V6: [([u16; 8], u8); 15] = [
    ([0, 0, 0, 0, 0, 0, 0, 0], 96), // unspecified, loopback, IPv4-compatible
    ([0, 0, 0, 0, 0, 0xffff, 0, 0], 96), // IPv4-mapped, judged before
    ([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), // local NAT64, RFC 8215
    ([0x100, 0, 0, 0, 0, 0, 0, 0], 64), // discard, RFC 6666
    ([0x100, 0, 0, 1, 0, 0, 0, 0], 64), // dummy prefix, RFC 9780
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), // protocol assignments, Teredo: RFC 2928
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), // documentation, RFC 3849
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), // 6to4, RFC 3056
    ([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), // AS112, RFC 7534
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), // documentation, RFC 9637
    ([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16), // segment routing, RFC 9602
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), // unique local, RFC 4193
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), // link-local, RFC 4291
    ([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), // site-local, RFC 3879
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), // multicast, RFC 4291
];

/// All that IANA gives out as global unicast (RFC 4291): beyond it nobody can be reached, but a
/// translator may lead inside, such as `::ffff:0:0:0/96` (RFC 2765).
const GLOBAL: ([u16; 8], u8) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Whether an address can be reached by everybody, as a receiver's should be. An IPv4 address
/// inside an IPv6 one (mapped, or behind NAT64, RFC 6052) is judged in its place.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match unwrap(address) {
        IpAddr::V4(v4) => !V4.iter().any(|(block, bits)| in_v4(v4, *block, *bits)),
        IpAddr::V6(v6) => {
            let (block, bits) = GLOBAL;
            in_v6(v6, block, bits) && !V6.iter().any(|(block, bits)| in_v6(v6, *block, *bits))
        }
    }
}

/// The IPv4 address inside an IPv6 one, where there is one that would be reached.
pub(super) fn unwrap(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return v4.into();
    }
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low)).into()
        }
        _ => address,
    }
}

fn in_v4(address: Ipv4Addr, block: [u8; 4], bits: u8) -> bool {
    let shift = 32 - u32::from(bits);
    (address.to_bits() ^ Ipv4Addr::from(block).to_bits()) >> shift == 0
}

fn in_v6(address: Ipv6Addr, block: [u16; 8], bits: u8) -> bool {
    let shift = 128 - u32::from(bits);
    (address.to_bits() ^ Ipv6Addr::from(block).to_bits()) >> shift == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().unwrap())
    }

    #[test]
    fn addresses_of_everybody_are_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "93.184.216.34",
            "2606:4700::1111",
            "64:ff9b::101:101",
        ] {
            assert!(public(text), "{text}");
        }
        assert!(public("::ffff:8.8.8.8"));
    }

    #[test]
    fn special_addresses_are_not() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.0.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
            "3fff::1",
            "100::1",
            "100:0:0:1::1",
            "::ffff:0:127.0.0.1",
            "4000::1",
        ] {
            assert!(!public(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_in_a_listed_block_is_public(bits in any::<u128>(), pick in any::<prop::sample::Index>()) {
            let (block, len) = V6[pick.index(V6.len())];
            if block[5] != 0xffff {
                let mask = u128::MAX >> len;
                let address = Ipv6Addr::from_bits(Ipv6Addr::from(block).to_bits() | (bits & mask));
                prop_assert!(!is_public(address.into()), "{address}");
            }
            let (block, len) = V4[pick.index(V4.len())];
            let mask = u32::MAX >> len;
            let v4 = Ipv4Addr::from_bits(Ipv4Addr::from(block).to_bits() | (bits as u32 & mask));
            prop_assert!(!is_public(v4.into()), "{v4}");
            prop_assert!(!is_public(v4.to_ipv6_mapped().into()), "mapped {v4}");
        }
    }
}
