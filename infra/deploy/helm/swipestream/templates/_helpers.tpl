{{- define "swipestream.name" -}}
{{ contains "swipestream" .Release.Name | ternary .Release.Name (printf "%s-swipestream" .Release.Name) | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- /* dict root, part: what selects the pods of one part */}}
{{- define "swipestream.selector" -}}
app.kubernetes.io/name: swipestream
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "swipestream.labels" -}}
{{ include "swipestream.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "swipestream.metadata" -}}
name: {{ include "swipestream.name" .root }}-{{ .part }}
labels: {{- include "swipestream.labels" . | nindent 2 }}
{{- end }}

{{- /* What every pod has. Links to services would set variables such as SWIPESTREAM_API_PORT, which are settings.
       No part drains for longer than 10 s; the API waits 5 s before, until nobody is sent to it any more. */}}
{{- define "swipestream.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: 30
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- /* dict root, image (may be absent): what every container has */}}
{{- define "swipestream.container" -}}
{{- $image := mergeOverwrite (deepCopy .root.Values.image) (.image | default dict) -}}
image: {{ printf "%s:%s" $image.repository ($image.tag | default .root.Chart.AppVersion) | quote }}
imagePullPolicy: {{ $image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- define "swipestream.settings" -}}
- {name: SWIPESTREAM_KAFKA, value: {{ required "kafka.addresses must be given" .Values.kafka.addresses | quote }}}
- {name: SWIPESTREAM_KAFKA_REPLICATION, value: {{ .Values.kafka.replication | quote }}}
- {name: SWIPESTREAM_CASSANDRA, value: {{ required "cassandra.addresses must be given" .Values.cassandra.addresses | quote }}}
- {name: SWIPESTREAM_CASSANDRA_REPLICATION, value: {{ .Values.cassandra.replication | quote }}}
- {name: SWIPESTREAM_KEYSPACE, value: {{ .Values.cassandra.keyspace | quote }}}
- {name: SWIPESTREAM_SCENE_PARTITIONS, value: {{ .Values.scenePartitions | quote }}}
- {name: SWIPESTREAM_LOG_FORMAT, value: json}
{{- with .Values.media.s3 }}
{{- if .bucket }}
{{- $_ := required "media.s3 needs existingSecret: pods share nothing that could hold their keys" $.Values.existingSecret }}
- {name: SWIPESTREAM_MEDIA, value: {{ printf "s3://%s/%s" .bucket .prefix | trimSuffix "/" | quote }}}
- {name: SWIPESTREAM_MEDIA_CACHE_GIB, value: {{ .cacheGib | quote }}}
{{- with .endpoint }}
- {name: SWIPESTREAM_MEDIA_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{- with .region }}
- {name: SWIPESTREAM_MEDIA_REGION, value: {{ . | quote }}}
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.existingSecret }}
- {name: SWIPESTREAM_SECRETS_DIR, value: /run/secrets/swipestream}
{{- end }}
{{- range $name, $value := .Values.settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- /* dict root, shared: `shared` is for those that need the media */}}
{{- define "swipestream.mounts" -}}
- {name: data, mountPath: /data}
- {name: tmp, mountPath: /tmp}
{{- if .shared }}
- {name: scratch, mountPath: /data/scratch}
{{- end }}
{{- if .root.Values.existingSecret }}
- {name: secrets, mountPath: /run/secrets/swipestream, readOnly: true}
{{- end }}
{{- end }}

{{- define "swipestream.volumes" -}}
{{- if and .shared (not .root.Values.media.s3.bucket) }}
- name: data
  persistentVolumeClaim: {claimName: {{ .root.Values.media.existingClaim | default (printf "%s-media" (include "swipestream.name" .root)) }}}
{{- else }}
- name: data
  emptyDir: {}
{{- end }}
{{- if .shared }}
- name: scratch
  emptyDir: {sizeLimit: {{ .root.Values.scratch.sizeLimit }}}
{{- end }}
- name: tmp
  emptyDir: {}
{{- if .root.Values.existingSecret }}
- name: secrets
  secret: {secretName: {{ .root.Values.existingSecret }}, defaultMode: 0440}
{{- end }}
{{- end }}
