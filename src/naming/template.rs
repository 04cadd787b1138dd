//! A template for ids, such as `prod/{kind}/{id}`.

use crate::model::Kind;

/// What is put around an id; the default is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template {
    before: Vec<Piece>,
    after: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Kind,
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It has a placeholder that means nothing.
    #[error("the placeholder {{{0}}} means nothing; there are {{id}} and {{kind}} (connection, variable or config)")]
    Unknown(String),
    /// A brace stands alone.
    #[error("a brace stands alone; write the placeholders as {{id}} and {{kind}}")]
    Brace,
    /// The id is missing, so that all keys would meet under one name.
    #[error("{{id}} is missing, so all keys would get one name")]
    NoId,
    /// The id is there twice.
    #[error("{{id}} may stand there once only")]
    TwoIds,
}

impl Template {
    /// Puts a text before every id.
    pub fn prefix(text: &str) -> Self {
        let pieces = (!text.is_empty()).then(|| Piece::Text(text.to_owned()));
        Self { before: pieces.into_iter().collect(), after: Vec::new() }
    }

    /// Reads a text with the placeholders `{id}`, once, and `{kind}`.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let (mut pieces, mut before, mut rest) = (Vec::new(), None, text);
        while let Some((plain, behind)) = rest.split_once('{') {
            let (placeholder, further) = behind.split_once('}').ok_or(TemplateError::Brace)?;
            push(&mut pieces, plain)?;
            match placeholder {
                "id" if before.is_some() => return Err(TemplateError::TwoIds),
                "id" => before = Some(std::mem::take(&mut pieces)),
                "kind" => pieces.push(Piece::Kind),
                other => return Err(TemplateError::Unknown(other.to_owned())),
            }
            rest = further;
        }
        push(&mut pieces, rest)?;
        before.map(|before| Self { before, after: pieces }).ok_or(TemplateError::NoId)
    }

    /// What stands before and after an id of a kind.
    pub(super) fn around(&self, kind: Kind) -> (String, String) {
        (spelled(&self.before, kind), spelled(&self.after, kind))
    }
}

fn push(pieces: &mut Vec<Piece>, text: &str) -> Result<(), TemplateError> {
    if text.contains('}') {
        return Err(TemplateError::Brace);
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
    Ok(())
}

fn spelled(pieces: &[Piece], kind: Kind) -> String {
    let texts = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => text.as_str(),
        Piece::Kind => kind.singular(),
    });
    texts.collect()
}
