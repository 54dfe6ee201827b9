//! Which way a metric gets better, as reports and files say it.

use earthwork::metrics::Reading;
use serde::{Deserialize, Serialize};

/// Which way a metric gets better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Better {
    #[serde(rename = "lower")]
    Lower,
    #[serde(rename = "higher")]
    Higher,
    #[serde(rename = "1/2")]
    Half,
}

impl Better {
    pub(crate) fn reading(self) -> Reading {
        match self {
            Self::Lower => Reading::Distance,
            Self::Higher => Reading::Score,
            Self::Half => Reading::Half,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Higher => "higher",
            Self::Half => "1/2",
        }
    }
}

impl From<Reading> for Better {
    fn from(reading: Reading) -> Self {
        match reading {
            Reading::Distance => Self::Lower,
            Reading::Score => Self::Higher,
            Reading::Half => Self::Half,
        }
    }
}
