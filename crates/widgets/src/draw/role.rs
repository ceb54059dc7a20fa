//! One meaning a colour, in every chapter: see `theme/pictures.css`.

/// What a vector does in attention. It is told apart by its letter and its shape too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It asks: blue, an arrow or a lamp.
    Query,
    /// It answers: ochre, a tag with its letter.
    Key,
    /// It is handed over: green, round.
    Value,
    /// What comes out: violet, a diamond or a bar.
    Output,
}

impl Role {
    /// The class of a shape filled in the role's colour.
    pub fn fill(self) -> &'static str {
        match self {
            Self::Query => "fill-query",
            Self::Key => "fill-key",
            Self::Value => "fill-value",
            Self::Output => "fill-output",
        }
    }

    /// The class of a shape filled in the role's tint, on which text is legible.
    pub fn tint(self) -> &'static str {
        match self {
            Self::Query => "tint-query",
            Self::Key => "tint-key",
            Self::Value => "tint-value",
            Self::Output => "tint-output",
        }
    }

    /// The class of a line in the role's colour.
    pub fn line(self) -> &'static str {
        match self {
            Self::Query => "line-query",
            Self::Key => "line-key",
            Self::Value => "line-value",
            Self::Output => "line-output",
        }
    }

    /// The class of a text in the role's colour.
    pub fn ink(self) -> &'static str {
        match self {
            Self::Query => "ink-query",
            Self::Key => "ink-key",
            Self::Value => "ink-value",
            Self::Output => "ink-output",
        }
    }
}

/// The level of heat of a share between 0 and 1: one of 0, 5, … 100.
///
/// ```
/// assert_eq!([0.0, 0.8013, 1.0].map(widgets::draw::role::heat), [0, 80, 100]);
/// ```
pub fn heat(share: f32) -> u8 {
    (share.clamp(0.0, 1.0) * 20.0).round() as u8 * 5
}

/// The class of a shape filled with the heat of a share.
pub fn heat_fill(share: f32) -> String {
    format!("heat-{}", heat(share))
}

/// The class of a line in the heat of a share.
pub fn heat_line(share: f32) -> String {
    format!("glow-{}", heat(share))
}

/// The class of a text on a shape that is filled with the heat of a share.
pub fn heat_ink(share: f32) -> String {
    format!("on-heat-{}", heat(share))
}
