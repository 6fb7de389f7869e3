//! Base32 with the extended hex alphabet (RFC 4648, section 7), in lower case, without padding.

const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

/// Appends the encoding of `bytes` to `out`.
pub(super) fn encode(bytes: &[u8], out: &mut String) {
    let (mut buffer, mut bits) = (0_u16, 0);
    for byte in bytes {
        buffer = (buffer << 8) | u16::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(char::from(ALPHABET[usize::from(buffer >> bits) & 31]));
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        out.push(char::from(ALPHABET[usize::from(buffer << (5 - bits)) & 31]));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn encodes_the_vectors_of_rfc_4648() {
        for (text, encoded) in [
            ("", ""),
            ("f", "co"),
            ("fo", "cpng"),
            ("foo", "cpnmu"),
            ("foob", "cpnmuog"),
            ("fooba", "cpnmuoj1"),
            ("foobar", "cpnmuoj1e8"),
        ] {
            let mut out = String::new();
            super::encode(text.as_bytes(), &mut out);
            assert_eq!(out, encoded);
        }
    }
}
