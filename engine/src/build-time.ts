/**
 * The one moment at which everything is built: 2025-01-01T00:00:00Z, as Unix seconds.
 *
 * It is the time of every file in every layer and of every build's clock that can be set (`SOURCE_DATE_EPOCH`).
 */
export const BUILD_TIME = 1_735_689_600;
