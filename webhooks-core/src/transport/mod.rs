//! A delivery attempt as a tower `Service`.
