using Berth.Daemon.Storage;

namespace Berth.Daemon.Images;

internal sealed class ImageMigrations : IMigrations
{
    public string Feature => "images";

    public IReadOnlyList<string> Steps { get; } =
    [
        """
        CREATE TABLE layers (
          chain_id TEXT PRIMARY KEY,
          diff_id TEXT NOT NULL,
          parent TEXT,
          size INTEGER NOT NULL,
          stored_at INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE images (
          id TEXT PRIMARY KEY,
          config BLOB NOT NULL,
          manifest_digest TEXT NOT NULL,
          manifest_media_type TEXT NOT NULL,
          stored_at INTEGER NOT NULL,
          tagged_at INTEGER,
          used_at INTEGER NOT NULL,
          parent TEXT
        );

        CREATE TABLE image_layers (
          image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
          ordinal INTEGER NOT NULL,
          chain_id TEXT NOT NULL REFERENCES layers (chain_id),
          blob TEXT NOT NULL,
          blob_media_type TEXT NOT NULL,
          blob_size INTEGER NOT NULL,
          PRIMARY KEY (image_id, ordinal)
        ) WITHOUT ROWID;
        CREATE INDEX image_layers_chain ON image_layers (chain_id);

        CREATE TABLE image_blobs (
          image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
          digest TEXT NOT NULL,
          PRIMARY KEY (digest, image_id)
        ) WITHOUT ROWID;
        CREATE INDEX image_blobs_image ON image_blobs (image_id);

        CREATE TABLE image_tags (
          repository TEXT NOT NULL,
          tag TEXT NOT NULL,
          image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
          PRIMARY KEY (repository, tag)
        ) WITHOUT ROWID;
        CREATE INDEX image_tags_image ON image_tags (image_id);

        CREATE TABLE image_digests (
          repository TEXT NOT NULL,
          digest TEXT NOT NULL,
          image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
          PRIMARY KEY (repository, digest, image_id)
        ) WITHOUT ROWID;
        CREATE INDEX image_digests_image ON image_digests (image_id);
        """,
    ];
}
