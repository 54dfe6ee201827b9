//! Ground costs by name.

use std::sync::Arc;

use super::{Cosine, Euclidean, GroundCost, PNorm, SquaredEuclidean};
use crate::error::{Error, ErrorKind, Result};

/// The ground cost of that [`name`](GroundCost::name): `sqeuclidean`, `euclidean`, `cityblock`, `chebyshev`, `minkowski:P`,
/// each norm also to a power, such as `euclidean^3`, and `cosine`.
///
/// # Errors
/// When there is no such cost, the order of a norm is below 1, or a power is not positive and finite.
///
/// ```
/// assert_eq!(earthwork::cost::by_name("minkowski:3")?.between(&[0.0, 0.0], &[1.0, 1.0]), 2_f64.cbrt());
/// assert_eq!(earthwork::cost::by_name("cityblock^2")?.name(), "cityblock^2");
/// # Ok::<(), earthwork::Error>(())
/// ```
pub fn by_name(name: &str) -> Result<Arc<dyn GroundCost>> {
    let wrong = |why: String| Error::new("cost", ErrorKind::Unsupported(why.into()));
    let unknown = || {
        wrong(format!(
            "`{name}` is none of sqeuclidean, euclidean, cityblock, chebyshev, minkowski:P, each norm also to a power such \
             as euclidean^3, and cosine"
        ))
    };
    let number = |text: &str| -> Result<f64> {
        text.parse().map_err(|_| wrong(format!("`{text}` is not a number; write minkowski:3 or euclidean^3")))
    };
    let (base, power) = match name.split_once('^') {
        Some((base, power)) => (base, Some(number(power)?)),
        None => (name, None),
    };
    let norm = match base {
        "sqeuclidean" if power.is_none() => return Ok(Arc::new(SquaredEuclidean)),
        "cosine" if power.is_none() => return Ok(Arc::new(Cosine)),
        "euclidean" if power.is_none() => return Ok(Arc::new(Euclidean)),
        "euclidean" => PNorm::new(2.0)?,
        "cityblock" => PNorm::cityblock(),
        "chebyshev" => PNorm::chebyshev(),
        _ => PNorm::new(number(base.strip_prefix("minkowski:").ok_or_else(unknown)?)?)?,
    };
    Ok(Arc::new(norm.power(power.unwrap_or(1.0))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cost_is_found_by_its_own_name() {
        for name in ["sqeuclidean", "euclidean", "cityblock", "chebyshev", "minkowski:3", "euclidean^1.5", "cosine"] {
            assert_eq!(by_name(name).unwrap().name(), name);
        }
    }

    #[test]
    fn what_is_no_cost_is_named() {
        for (name, said) in [
            ("manhattan", "`manhattan` is none of sqeuclidean"),
            ("cosine^2", "`cosine^2` is none of"),
            ("minkowski:x", "`x` is not a number"),
            ("euclidean^0", "the power of a norm must be positive"),
            ("minkowski:0.5", "a norm needs p between 1 and infinity"),
        ] {
            let error = by_name(name).err().expect("no such cost").to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
