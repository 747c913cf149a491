"""Frames of pandas: on their way in text, as the zoo reads tables; on their way out of the types that they had."""

import numpy as np


def is_frame(X):
    """Whether this is a table with types of its own, of pandas or of a library that can make one of it."""
    return hasattr(X, "to_csv") and hasattr(X, "columns") or hasattr(X, "to_pandas") and hasattr(X, "columns")


def of_pandas(X):
    return X if hasattr(X, "to_csv") else X.to_pandas()


def text(X):
    """A frame as comma-separated text; what is missing is empty."""
    return X.to_csv(index=False, lineterminator="\n").encode()


def of_array(X, names):
    import pandas as pd

    return pd.DataFrame(X, columns=list(names))


def kinds(X):
    """What the types of columns say that their text does not: categories of numbers, and orders."""
    import pandas as pd

    found = {}
    for place, (name, dtype) in enumerate(zip(X.columns, X.dtypes)):
        if not isinstance(dtype, pd.CategoricalDtype):
            continue
        words, used = [str(word) for word in dtype.categories], X.iloc[:, place].nunique()
        if used > 2 and dtype.ordered and not any("<" in word for word in words):
            found[str(name)] = "<".join(words)
        elif used > 1:
            found[str(name)] = "category" if used > 2 else "binary"
    return found


class Types:
    """Types of the columns of a frame."""

    def __init__(self, X=None):
        self.dtypes = {} if X is None else {str(name): dtype for name, dtype in zip(X.columns, X.dtypes)}
        self.names = {} if X is None else {str(name): name for name in X.columns}

    def column(self, name, texts):
        """A column of this type from its cells as text; an empty cell is missing."""
        import pandas as pd

        cells = pd.Series(texts, dtype=object).replace("", None)
        dtype = self.dtypes.get(name)
        if dtype is None:
            numbers = pd.to_numeric(cells, errors="coerce")
            return numbers if numbers.notna().sum() == cells.notna().sum() else cells
        if isinstance(dtype, pd.CategoricalDtype):
            words = {str(word): word for word in dtype.categories}
            return pd.Series(pd.Categorical([words.get(cell) for cell in cells], dtype=dtype))
        if pd.api.types.is_bool_dtype(dtype):
            truth = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
            values = [truth.get(str(cell).lower()) for cell in cells]
            return pd.Series(values, dtype=dtype if None not in values else object)
        if pd.api.types.is_datetime64_any_dtype(dtype):
            return pd.to_datetime(cells, errors="coerce")
        if pd.api.types.is_numeric_dtype(dtype):
            return self.numbers(dtype, pd.to_numeric(cells, errors="coerce").to_numpy(dtype=float))
        return cells

    @staticmethod
    def numbers(dtype, values):
        """Numbers of this type, or floats where it does not have them."""
        import pandas as pd

        whole = pd.api.types.is_integer_dtype(dtype)
        if whole and not (np.isfinite(values).all() and (values == np.round(values)).all()):
            return pd.Series(values)
        return pd.Series(values).astype(dtype)

    def frame(self, columns):
        """A frame from names and columns, each as text or as numbers."""
        import pandas as pd

        made = {}
        for name, cells in columns:
            if isinstance(cells, np.ndarray):
                column = self.numbers(self.dtypes.get(name, np.dtype(float)), cells)
            else:
                column = self.column(name, cells)
            made[self.names.get(name, name)] = column
        return pd.DataFrame(made)

    def filled(self, X, columns):
        """A copy of the frame with the cells of these columns where one is missing."""
        made = X.copy()
        for name, cells in columns:
            name_here = self.names.get(name, name)
            gaps = made[name_here].isna().to_numpy() if name_here in made else np.zeros(0, bool)
            if not gaps.any():
                continue
            column = self.frame([(name, cells)]).iloc[:, 0].set_axis(made.index)
            if column.dtype != made[name_here].dtype and made[name_here].dtype != object:
                try:
                    column = column.astype(made[name_here].dtype)
                except (TypeError, ValueError):
                    made[name_here] = made[name_here].astype(object)
            made[name_here] = made[name_here].where(~gaps, column)
        return made
