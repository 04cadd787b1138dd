//! Text from elsewhere as a person may see it: nothing in it moves the cursor, begins a line or turns the writing around.

/// Escapes control characters, and those that nobody sees but that change how what follows is shown.
pub fn shown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if is_treacherous(character) { safe.extend(character.escape_unicode()) } else { safe.push(character) }
    }
    safe
}

/// Tells whether a character shows as something else than itself.
pub fn is_treacherous(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' // the Arabic letter mark
                | '\u{200b}'..='\u{200f}' // no width, and marks of direction
                | '\u{2028}'..='\u{202e}' // ends of lines and paragraphs, embeddings and overrides of direction
                | '\u{2060}'..='\u{2069}' // invisible operators, isolates of direction
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}' // tags
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hides_and_nothing_else_changes() {
        assert_eq!(shown("a\nb\u{1b}[31m\u{202e}c\u{9b}\u{e0041}"), "a\\u{a}b\\u{1b}[31m\\u{202e}c\\u{9b}\\u{e0041}");
        assert_eq!(shown("größe — 名前 🔑 'x' \\"), "größe — 名前 🔑 'x' \\");
    }
}
