/// The commit that this build was made from, as `BERTH_COMMIT` named it to Package.swift; NULL where it did not.
const char *_Nullable berth_commit(void);
