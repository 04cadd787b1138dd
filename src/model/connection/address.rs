//! `ipaddress.ip_address` on what stands in a URI's brackets: is it an IPv6 address?

/// Tells whether `urlsplit` takes the text in brackets: an IPv6 address, or `v` and a future one's number and name.
pub(super) fn is_bracketed_host(text: &[u8]) -> bool {
    match text.strip_prefix(b"v") {
        Some(future) => is_future(future),
        // An IPv4 address is refused in brackets, and no text is an address of both kinds.
        None => is_v6(text),
    }
}

/// `v[a-fA-F0-9]+\..+`, in which `.` is anything but a newline.
fn is_future(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    match &text[digits..] {
        [b'.', name @ ..] => digits > 0 && !name.is_empty() && !name.contains(&b'\n'),
        _ => false,
    }
}

fn is_v6(text: &[u8]) -> bool {
    if text.contains(&b'/') {
        return false;
    }
    let (address, scope) = match text.iter().position(|byte| *byte == b'%') {
        Some(index) => (&text[..index], Some(&text[index + 1..])),
        None => (text, None),
    };
    let scope_fits = scope.is_none_or(|scope| !scope.is_empty() && !scope.contains(&b'%'));
    scope_fits && groups_fit(address)
}

fn groups_fit(address: &[u8]) -> bool {
    let mut groups: Vec<&[u8]> = address.split(|byte| *byte == b':').collect();
    if groups.len() < 3 {
        return false;
    }
    if let Some(last) = groups.last().filter(|group| group.contains(&b'.')) {
        if !is_v4(last) {
            return false;
        }
        // It stands for two groups; which ones does not matter here.
        groups.pop();
        groups.extend([b"0".as_slice(), b"0"]);
    }
    if groups.len() > 9 {
        return false;
    }
    let inner_gaps = groups[1..groups.len() - 1].iter().filter(|group| group.is_empty()).count();
    let (starts_empty, ends_empty) = (groups[0].is_empty(), groups[groups.len() - 1].is_empty());
    let length_fits = match inner_gaps {
        0 => groups.len() == 8 && !starts_empty && !ends_empty,
        1 => gap_fits(&groups),
        _ => false,
    };
    length_fits && groups.iter().filter(|group| !group.is_empty()).all(|group| is_group(group))
}

/// One `::`: an empty first or last group must belong to it, and it must stand for at least one group.
fn gap_fits(groups: &[&[u8]]) -> bool {
    let last = groups.len() - 1;
    let gap = (1..last).find(|index| groups[*index].is_empty()).unwrap_or(last);
    let (mut before, mut after) = (gap, last - gap);
    if groups[0].is_empty() {
        before -= 1;
        if before > 0 {
            return false;
        }
    }
    if groups[last].is_empty() {
        after -= 1;
        if after > 0 {
            return false;
        }
    }
    before + after < 8
}

fn is_group(group: &[u8]) -> bool {
    group.len() <= 4 && group.iter().all(u8::is_ascii_hexdigit)
}

fn is_v4(text: &[u8]) -> bool {
    let octets: Vec<&[u8]> = text.split(|byte| *byte == b'.').collect();
    octets.len() == 4 && octets.into_iter().all(is_octet)
}

fn is_octet(octet: &[u8]) -> bool {
    let leading_zero = octet.len() > 1 && octet[0] == b'0';
    let value =
        octet.iter().try_fold(0u32, |value, byte| char::from(*byte).to_digit(10).map(|digit| value * 10 + digit));
    (1..=3).contains(&octet.len()) && !leading_zero && value.is_some_and(|value| value <= 255)
}

#[cfg(test)]
mod tests {
    use super::is_bracketed_host;

    #[test]
    fn brackets_hold_what_python_takes() {
        let taken = [
            "::",
            "::1",
            "1::",
            "1:2:3:4:5:6:7:8",
            "1::8",
            "1:2:3:4:5:6:7::",
            "::2:3:4:5:6:7:8",
            "fe80::1%Eth0",
            "::1.2.3.4",
            "1:2:3:4:5:6:1.2.3.4",
            "ABCD::ef",
            "v1.x",
            "vF0.:",
            "v1.\u{fc}",
        ];
        let refused = [
            "",
            "1",
            "1:2",
            "1.2.3.4",
            ":1",
            "1:",
            ":::",
            "1::2::3",
            ":1::",
            "::1:",
            "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7",
            "12345::",
            "g::",
            "::1.2.3",
            "::1.2.3.04",
            "::1.2.3.256",
            "::1%",
            "::1%a%b",
            "::1/64",
            "v.x",
            "v1.",
            "v1",
            "vg.x",
            "v1.a\nb",
            "1:2:3:4:5:6:7:1.2.3.4",
            "::\u{661}",
        ];
        for text in taken {
            assert!(is_bracketed_host(text.as_bytes()), "{text}");
        }
        for text in refused {
            assert!(!is_bracketed_host(text.as_bytes()), "{text}");
        }
    }
}
