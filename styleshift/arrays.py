"""What NumPy's arrays are called in signatures."""

import numpy as np
from numpy.typing import NDArray

Float16Array = NDArray[np.float16]
Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
ComplexArray = NDArray[np.complex64]
