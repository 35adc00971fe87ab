//! `--style`, as hyperfine has it.

use clap::ValueEnum;

use super::color::Color;

/// Which of colours, a line that redraws itself and a result there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputStyle {
    /// As fits what is printed on.
    #[default]
    Auto,
    /// Neither colours nor a line that redraws itself.
    Basic,
    /// Colours, whatever is printed on.
    Full,
    /// No colours.
    Nocolor,
    /// Colours, and no line that redraws itself.
    Color,
    /// Nothing is printed but errors.
    None,
}

impl OutputStyle {
    /// Whether there are colours; `None` where it does not say.
    pub(super) fn color(self) -> Option<Color> {
        match self {
            Self::Auto | Self::None => None,
            Self::Basic | Self::Nocolor => Some(Color::Never),
            Self::Full | Self::Color => Some(Color::Always),
        }
    }

    /// Whether a line that redraws itself is shown on a terminal.
    pub(crate) fn has_progress(self) -> bool {
        matches!(self, Self::Auto | Self::Full | Self::Nocolor)
    }
}
