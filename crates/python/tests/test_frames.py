"""Frames of pandas."""

import numpy as np
import pandas as pd
import pytest

from autoencoder_zoo import Autoencoder


@pytest.fixture
def people():
    """A table with words, categories, dates, truth values and gaps."""
    random = np.random.default_rng(0)
    rows = 150
    sex = random.choice(["female", "male"], rows)
    height = np.where(sex == "male", 178.0, 165.0) + random.normal(0, 5, rows)
    frame = pd.DataFrame(
        {
            "name": [f"person {number} of {rows}" for number in range(rows)],
            "sex": sex,
            "height": height.round(1),
            "children": random.poisson(1.5, rows),
            "size": pd.Categorical(
                np.where(height > 175, "large", np.where(height > 167, "medium", "small")),
                categories=["small", "medium", "large"],
                ordered=True,
            ),
            "city": pd.Categorical(random.choice([10, 20, 30], rows)),
            "member": random.random(rows) < 0.4,
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 900, rows), unit="D"),
        },
        index=[f"row {number}" for number in range(rows)],
    )
    frame.loc[frame.index[::9], "height"] = np.nan
    frame.loc[frame.index[::7], "sex"] = None
    frame.loc[frame.index[::11], "size"] = np.nan
    return frame


def test_in_as_they_are_and_out_as_frames(people):
    model = Autoencoder("vae", code=3, epochs=40).set_output(transform="pandas")
    codes = model.fit_transform(people)
    assert codes.shape == (150, 3) and list(codes.index) == list(people.index)
    assert model.kinds_["sex"] == "category" and model.kinds_["city"] == "category"
    assert model.kinds_["size"] == "ordinal" and model.kinds_["since"] == "date"
    new = model.sample(20)
    learnt = ["sex", "height", "children", "size", "city", "member", "since"]
    assert list(new.columns) == learnt and len(new) == 20
    back = model.inverse_transform(codes.to_numpy())
    for made in (new, back):
        for name in ("children", "size", "city", "member", "since", "height"):
            assert made[name].dtype.kind == people[name].dtype.kind, name
        assert set(made["sex"]) <= {"female", "male"}
        assert made["size"].cat.ordered and set(made["city"]) <= {10, 20, 30}
    assert (model.predict(people) == 1).mean() > 0.8


def test_gaps_are_filled_and_nothing_else(people):
    model = Autoencoder("vae", code=3, epochs=60).fit(people)
    full = model.impute(people)
    assert not full.drop(columns="name").isna().any().any()
    assert (full.dtypes == people.dtypes).all() and list(full.index) == list(people.index)
    for name in people:
        known = people[name].notna()
        assert (full.loc[known, name] == people.loc[known, name]).all(), name
    gaps = people["sex"].isna() & people["height"].notna()
    heights = full[gaps].groupby("sex")["height"].mean()
    assert len(heights) < 2 or heights["male"] > heights["female"]


def test_new_words_and_missing_columns(people):
    model = Autoencoder("ae", code=2, epochs=5).fit(people)
    strange = people.copy()
    strange.loc[strange.index[0], "sex"] = "unknown"
    assert np.isfinite(model.transform(strange)).all()
    with pytest.raises(ValueError, match="feature names"):
        model.transform(people.drop(columns="height"))
    with pytest.raises(ValueError, match="no such kind"):
        Autoencoder("ae", columns={"sex": "colour"}).fit(people)


def test_kinds_that_are_said(people):
    model = Autoencoder("ae", epochs=2, columns={"children": "category"}).fit(people)
    assert model.kinds_["children"] == "category"
    marked = people.assign(height=people["height"].fillna(-999))
    assert Autoencoder("ae", epochs=2, missing=["-999"]).fit(marked).impute(people)["height"].min() > 0


def test_a_frame_of_numbers():
    t = np.linspace(-2, 2, 90)
    frame = pd.DataFrame({"a": np.sin(t), "b": t, "c": (10 * t).astype(int)})
    model = Autoencoder("ae", code=1, epochs=20).fit(frame)
    assert list(model.inverse_transform(model.transform(frame)).columns) == ["a", "b", "c"]
    holes = frame.astype(float)
    holes.loc[5, "b"] = np.nan
    full = model.impute(holes)
    assert np.isfinite(full.loc[5, "b"]) and full.drop(index=5).equals(holes.drop(index=5))


def test_a_single_row(people):
    model = Autoencoder("ae", code=2, epochs=2).fit(people)
    assert np.allclose(model.transform(people.iloc[:1]), model.transform(people)[:1], atol=1e-6)
